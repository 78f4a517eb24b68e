import Aesthetic
import TensorKit
import TestSupport
import Testing

// The values are those of this program:
//
//   import numpy as np
//   def slerp(a, b, v, axis=-1):
//     unit = lambda x: x / np.linalg.norm(x, axis=axis, keepdims=True)
//     w = np.arccos((unit(a) * unit(b)).sum(axis, keepdims=True))
//     return np.sin((1 - v) * w) / np.sin(w) * a + np.sin(v * w) / np.sin(w) * b
//   n = lambda x: x / np.linalg.norm(x)
//   e, u = np.array([.6, .8, 0]), np.array([3., 0, 4])
//   print(n(slerp(e, n(u), .25)), n(slerp(e, n(e - n(u)), .25)), n(slerp(e, u, .25)), n(slerp(e, n(e - u), .25)))
//   a, b = np.array([[1, 2, -1], [.5, -3, 2]]), np.array([[2, 0, 1.], [-1, 1, 4]])
//   print(a * .7 + b * .3, slerp(a, b, .3, 1), slerp(a, b, .3, 0))
@Suite("Blending and rotation")
struct InterpolationTests {
  // Sums of three terms, rounded to Float at the end and printed to 6 or 7 places.
  static let tolerance: Float = 1e-6
  let a = Tensor([1, 2, -1, 0.5, -3, 2], shape: [2, 3])
  let b = Tensor([2, 0, 1, -1, 1, 4], shape: [2, 3])

  @Test(
    "Conditionings are blended along the line, by each token's angle, or by each feature's as the extension does",
    arguments: [
      (Blending.linear, [1.3, 1.4, -0.4, 0.05, -1.8, 2.6] as [Float]),
      (.spherical, [1.661901, 1.679164, -0.428422, 0.016802, -2.051852, 3.18887]),
      (.sphericalOverTokens, [1.442129, 3.521213, -0.407127, 0.034529, -4.03193, 2.759488]),
    ])
  func blending(blending: Blending, expected: [Float]) {
    expectClose(
      blended(a, b, weight: 0.3, blending), Tensor(expected, shape: [2, 3]), absolute: Self.tolerance)
    #expect(blended(a, b, weight: 0, blending).elements == a.elements)
    #expect(blended(a, b, weight: 1, blending).elements == b.elements)
  }

  @Test("Where there is no angle, spherical is linear, and never NaN")
  func noAngle() {
    let zero = Tensor(zeros: [2, 3])
    expectClose(blended(a, a, weight: 0.3, .spherical), a, absolute: Self.tolerance)
    expectClose(blended(zero, a, weight: 0.5, .spherical), 0.5 * a, absolute: Self.tolerance)
    expectClose(blended(a, -1 * a, weight: 0.5, .spherical), zero, absolute: Self.tolerance)
  }

  @Test(
    "A text of any length turns the aesthetic, and the extension's way swamps it",
    arguments: [
      (false, false, [0.6949733, 0.6727069, 0.2539243] as [Float]),
      (true, false, [0.4836712, 0.8507075, -0.2058126]),
      (false, true, [0.7119575, 0.3287729, 0.6205037]),
      (true, true, [0.3705703, 0.8555752, -0.3614814]),
    ])
  func rotation(isNegative: Bool, isCompatible: Bool, expected: [Float]) throws {
    let rotation = TextRotation(share: 0.25, isNegative: isNegative, isCompatible: isCompatible)
    let turned = try #require(
      rotation(Tensor([0.6, 0.8, 0], shape: [3]), text: Tensor([3, 0, 4], shape: [3])))
    expectClose(turned, Tensor(expected, shape: [3]), absolute: Self.tolerance)
  }

  @Test("Without a way to turn there is no result")
  func nowhere() {
    let e = Tensor([0.6, 0.8, 0], shape: [3])
    let away = TextRotation(share: 0.25, isNegative: true, isCompatible: false)
    let towards = TextRotation(share: 0.5, isNegative: false, isCompatible: false)
    #expect(away(e, text: 7 * e) == nil)
    #expect(towards(e, text: -3 * e) == nil)
    #expect(towards(e, text: Tensor(zeros: [3])) == nil)
  }
}
