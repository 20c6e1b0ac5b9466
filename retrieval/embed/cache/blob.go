package cache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"slices"
)

// A vector is stored as its float32 values, little-endian, and the CRC-32C of its
// key and of these bytes (4 bytes, little-endian). Not quantized, although that
// takes a quarter of the room: what is measured with the cache must be what is
// measured without it, and 20,000 vectors of 384 values are 30 MB. The checksum
// finds what neither the length nor the values betray: a bit that flipped, a row
// that came under another key.

func encode(k key, v []float32) []byte {
	out := make([]byte, 0, 4*len(v)+4)
	for _, x := range v {
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return binary.LittleEndian.AppendUint32(out, sum(k, out))
}

func sum(k key, values []byte) uint32 {
	return crc32.Checksum(slices.Concat(k[:], values), crc32.MakeTable(crc32.Castagnoli))
}

// decode reads a stored vector. The error tells what is wrong with it.
func decode(k key, stored []byte, dimension int) ([]float32, error) {
	if want := 4*dimension + 4; len(stored) != want {
		return nil, fmt.Errorf("takes %d bytes; it should take %d", len(stored), want)
	}
	values := stored[:4*dimension]
	if binary.LittleEndian.Uint32(stored[len(values):]) != sum(k, values) {
		return nil, errors.New("does not match its checksum")
	}
	v := make([]float32, dimension)
	for i := range v {
		v[i] = math.Float32frombits(binary.LittleEndian.Uint32(values[4*i:]))
	}
	return v, check(v, dimension)
}

// check holds a vector against the contract of embed.Embedder.
func check(v []float32, dimension int) error {
	if len(v) != dimension {
		return fmt.Errorf("has %d values; it should have %d", len(v), dimension)
	}
	squares := 0.0
	for _, x := range v {
		squares += float64(x) * float64(x)
	}
	if !(squares > 0.99 && squares < 1.01) { // so that NaN fails too
		return fmt.Errorf("has the squared length %v; it should have length 1", squares)
	}
	return nil
}
