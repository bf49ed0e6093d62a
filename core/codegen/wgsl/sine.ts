/**
 * Sine and cosine in WGSL, whose own promise 2⁻¹¹ from −π to π and nothing elsewhere.
 *
 * @module
 */

import { COS, SIN } from "../coefficients.ts";

/** Helper functions, by name. */
export const SINE: Readonly<Record<string, string>> = {
  // sin(x + quarters π/2), to some 2⁻²³. The bits of x times those of 1 / 2π after the point (Payne and
  // Hanek, "Radian reduction for trigonometric functions", 1983): the upper two of the product are the
  // quarter of the turn, the others the way from there.
  sine: `fn sine(x: f32, quarters: u32) -> f32 {
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  if (bits >= 0x7f800000u) { return not_a_number(); }
  var quadrant = quarters;
  var r = x;
  // From π/4 on.
  if (bits > 0x3f490fdbu) {
    var inverse = array<u32, 8>(0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u,
      0x4f10e410u, 0u);
    let exponent = (bits >> 23u) - 126u;
    let i = exponent >> 5u;
    let shift = exponent & 31u;
    let back = 31u - shift;
    let first = (inverse[i] << shift) | ((inverse[i + 1u] >> 1u) >> back);
    let second = (inverse[i + 1u] << shift) | ((inverse[i + 2u] >> 1u) >> back);
    let third = (inverse[i + 2u] << shift) | ((inverse[i + 3u] >> 1u) >> back);
    let digits = (bits << 8u) | 0x80000000u;
    let carried = product_high(digits, third);
    let low = digits * second + carried;
    var high = digits * first + product_high(digits, second) + select(0u, 1u, low < carried);
    quadrant += high >> 30u;
    high = high & 0x3fffffffu;
    var rest = low;
    let is_past = (high & 0x20000000u) != 0u;
    if (is_past) {
      // The next quarter is nearer.
      quadrant += 1u;
      rest = ~low + 1u;
      high = (0x3fffffffu - high) + select(0u, 1u, low == 0u);
    }
    // π/2 · 2⁻⁶²
    r = (f32(high) * 4294967296.0 + f32(rest)) * 3.4061215800304e-19;
    if (is_past) { r = -r; }
    // sin −x = −sin x and cos −x = cos x: with −q for q.
    if (x < 0.0) {
      r = -r;
      quadrant = quarters - (quadrant - quarters);
    }
  }
  let z = r * r;
  let s = ((${SIN[2]} * z + ${SIN[1]}) * z + ${SIN[0]}) * z * r + r;
  let c = ((${COS[2]} * z + ${COS[1]}) * z + ${COS[0]}) * z * z - 0.5 * z + 1.0;
  let size = select(s, c, (quadrant & 1u) == 1u);
  return select(size, -size, (quadrant & 2u) == 2u);
}`,
  // The upper half of a product.
  product_high: `fn product_high(x: u32, y: u32) -> u32 {
  let low = (x & 0xffffu) * (y & 0xffffu);
  let left = (x >> 16u) * (y & 0xffffu) + (low >> 16u);
  let right = (x & 0xffffu) * (y >> 16u) + (left & 0xffffu);
  return (x >> 16u) * (y >> 16u) + (left >> 16u) + (right >> 16u);
}`,
};
