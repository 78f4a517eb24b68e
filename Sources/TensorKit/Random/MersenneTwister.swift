/// MT19937, the 32-bit Mersenne Twister (Matsumoto and Nishimura 1998, ACM TOMACS 8(1), table II).
struct MersenneTwister: Sendable {
  private static let length = 624
  private static let middle = 397
  private var state: [UInt32]
  private var position = Self.length

  /// The generator with this seed, initialised as in the authors' version of 2002.
  init(seed: UInt32) {
    state = [seed]
    state.reserveCapacity(Self.length)
    for index in 1..<UInt32(Self.length) {
      let last = state[Int(index) - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ index)
    }
  }

  /// The next 32 random bits.
  mutating func next() -> UInt32 {
    if position == Self.length { refill() }
    var bits = state[position]
    position += 1
    bits ^= bits >> 11
    bits ^= (bits << 7) & 0x9D2C_5680
    bits ^= (bits << 15) & 0xEFC6_0000
    return bits ^ (bits >> 18)
  }

  private mutating func refill() {
    for index in 0..<Self.length {
      let mixed = state[index] & 0x8000_0000 | state[(index + 1) % Self.length] & 0x7FFF_FFFF
      let twisted = mixed >> 1 ^ (mixed & 1 == 0 ? 0 : 0x9908_B0DF)
      state[index] = state[(index + Self.middle) % Self.length] ^ twisted
    }
    position = 0
  }
}
