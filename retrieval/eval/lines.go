package eval

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"strings"
	"unicode/utf8"
)

// LineError is a fault in a file that was read.
type LineError struct {
	File  string
	Line  int // from 1; 0 for the file as a whole
	Fault string
}

func (e *LineError) Error() string {
	if e.Line == 0 {
		return e.File + ": " + e.Fault
	}
	return fmt.Sprintf("%s:%d: %s", e.File, e.Line, e.Fault)
}

// maxLine bounds a line, in bytes: no document of a set comes near it, and a file
// that is no lines of text at all does not fill the memory.
const maxLine = 16 << 20

// eachLine hands out the lines of a file that are not blank, without their ends
// and a byte order mark, and adds the file's bytes to sum. The error names file
// and line. A file without a line is an error.
func eachLine(path string, sum hash.Hash, each func(line []byte) error) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return readLines(io.TeeReader(f, sum), path, each)
}

func readLines(r io.Reader, name string, each func(line []byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	lines := 0
	for number := 1; ; number++ {
		fault := func(err error) error { return &LineError{name, number, err.Error()} }
		line, err := readLine(in)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fault(err)
		}
		if number == 1 {
			if bytes.HasPrefix(line, []byte("\xff\xfe")) || bytes.HasPrefix(line, []byte("\xfe\xff")) {
				return fault(errors.New("the file is in UTF-16; save it as UTF-8"))
			}
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimRight(line, "\r\n"); len(bytes.TrimSpace(line)) > 0 {
			lines++
			if !utf8.Valid(line) {
				return fault(errors.New("the line is not UTF-8 text"))
			}
			if err := each(line); err != nil {
				return fault(err)
			}
		}
		if !end {
			continue
		}
		if lines == 0 {
			return &LineError{name, 0, "the file is empty"}
		}
		return nil
	}
}

// readLine reads up to and with the next line feed, at most maxLine bytes.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("the line is longer than %d MB", maxLine>>20)
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// object reads a line that is one JSON object. The error says what is wrong in the
// words of whoever edits the file.
func object(line []byte, into any) error {
	err := json.Unmarshal(line, into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil && bytes.HasPrefix(bytes.TrimSpace(line), []byte("{")):
		return nil
	case err == nil:
		return errors.New("not a JSON object")
	case errors.As(err, &syntax) && strings.HasPrefix(syntax.Error(), "unexpected end"):
		return errors.New("not JSON: the line is cut off")
	case errors.As(err, &syntax):
		return fmt.Errorf("not JSON: %s (byte %d of the line)", syntax, syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return fmt.Errorf("the field %q is a JSON %s", kind.Field, kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("not a JSON object but a %s", kind.Value)
	}
	return err
}

// idOf reads an id: a string, or a number as some sets have it.
func idOf(raw json.RawMessage) (string, error) {
	var s string
	var n json.Number
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", errors.New("the id is missing")
	case json.Unmarshal(raw, &s) == nil:
	case json.Unmarshal(raw, &n) == nil:
		s = n.String()
	default:
		return "", errors.New("the id is neither a string nor a number")
	}
	if s == "" {
		return "", errors.New("the id is empty")
	}
	return s, nil
}
