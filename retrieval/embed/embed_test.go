package embed

import (
	"math"
	"math/rand/v2"
	"testing"
)

func random(r *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(r.NormFloat64())
	}
	return v
}

func TestDot(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 70 {
		a, b := random(r, n), random(r, n)
		want := 0.0
		for i := range a {
			want += float64(a[i]) * float64(b[i])
		}
		for name, got := range map[string]float32{"Dot": Dot(a, b), "plain": dot(a, b)} {
			if math.Abs(float64(got)-want) > 1e-4 {
				t.Errorf("%s of %d values is %v; want %v", name, n, got, want)
			}
		}
	}
}

func TestQuantizeKeepsTheDirection(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		v := random(r, 384)
		if err := Normalize(v); err != nil {
			t.Fatal(err)
		}
		back := make([]float32, len(v))
		Restore(back, Quantize(v))
		if c := Dot(v, back); c < 0.9998 {
			t.Errorf("cosine %v after quantizing", c)
		}
		if length := Dot(back, back); math.Abs(float64(length)-1) > 1e-4 {
			t.Errorf("squared length %v after quantizing", length)
		}
	}
	zero := make([]float32, 3)
	Restore(zero, Quantize(zero))
	if zero[0] != 0 {
		t.Errorf("the zero vector becomes %v", zero)
	}
}

func TestNormalizeTakesTheSmallestVector(t *testing.T) {
	t.Parallel()
	v := []float32{math.SmallestNonzeroFloat32, 0}
	if err := Normalize(v); err != nil || v[0] != 1 || v[1] != 0 {
		t.Errorf("%v, %v; want [1 0]", v, err)
	}
}

func TestNormalizeRefusesWhatHasNoDirection(t *testing.T) {
	t.Parallel()
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	for _, v := range [][]float32{{}, {0, 0}, {1, nan}, {inf, 1}} {
		if err := Normalize(v); err == nil {
			t.Errorf("%v has no direction but is accepted", v)
		}
	}
}
