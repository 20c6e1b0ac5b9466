package e5

import "math"

// plain multiplies some rows of the matrix with all tokens in plain Go, two rows
// and two tokens at a time, so that what is loaded is used twice.
func (m *matrix) plain(y, x []float32, from, to int) {
	n := len(x) / m.columns
	for r := from; r < to; r += 2 {
		r1 := min(r+1, to-1)
		a, b := m.values[r*m.columns:][:m.columns], m.values[r1*m.columns:][:m.columns]
		for t := 0; t < n; t += 2 {
			t1 := min(t+1, n-1)
			p, q := x[t*m.columns:][:m.columns], x[t1*m.columns:][:m.columns]
			pa, pb, qa, qb := dots(p, q, a, b)
			y[t*m.rows+r], y[t*m.rows+r1] = pa+m.bias[r], pb+m.bias[r1]
			y[t1*m.rows+r], y[t1*m.rows+r1] = qa+m.bias[r], qb+m.bias[r1]
		}
	}
}

// dots are the four inner products of p and q with a and b. Like gelu and
// packed.row it is a loop over memory of one owner, which the race detector would
// slow down thirtyfold for nothing.
//
//go:norace
func dots(p, q, a, b []float32) (pa, pb, qa, qb float32) {
	q, a, b = q[:len(p)], a[:len(p)], b[:len(p)]
	for i, x := range p {
		pa += x * a[i]
		pb += x * b[i]
		qa += q[i] * a[i]
		qb += q[i] * b[i]
	}
	return pa, pb, qa, qb
}

// gelu is x·Φ(x) with Φ the normal distribution function, in place (Hendrycks and
// Gimpel, 2016).
//
//go:norace
func gelu(x []float32) {
	for i, v := range x {
		x[i] = 0.5 * v * (1 + erf(v*(1/math.Sqrt2)))
	}
}

// erf is the error function by the rational approximation that Eigen uses for
// float32 (unsupported/Eigen, erf_float): at most 3 units in the last place off.
//
//go:norace
func erf(x float32) float32 {
	x = max(-4, min(4, x))
	z := x * x
	p := float32(-2.72614225801306e-10)
	p = p*z + 2.77068142495902e-08
	p = p*z - 2.10102402082508e-06
	p = p*z - 5.69250639462346e-05
	p = p*z - 7.34990630326855e-04
	p = p*z - 2.95459980854025e-03
	p = p*z - 1.60960333262415e-02
	q := float32(-1.45660718464996e-05)
	q = q*z - 2.13374055278905e-04
	q = q*z - 1.68282697438203e-03
	q = q*z - 7.37332916720468e-03
	q = q*z - 1.42647390514189e-02
	return x * p / q
}
