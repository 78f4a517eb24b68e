/// Prompts that lean to no taste: what people ask for, in plain words, of many kinds. A delta trained over them carries
/// over to prompts it has not seen.
enum NeutralPrompts {
  /// What a delta is trained over where its owner has no prompts yet.
  static let training = [
    "a portrait of a woman", "an old man sitting on a bench", "two children playing in a garden",
    "a cat on a windowsill", "a horse running across a field", "birds above the sea",
    "a mountain lake", "a forest path", "a beach with waves", "a desert under a wide sky", "a river in winter",
    "a small village street", "a city skyline", "a castle on a hill", "a wooden bridge", "the interior of a library",
    "a kitchen table with fruit", "a vase of flowers", "a cup of coffee", "an old car", "a sailing boat in a harbour",
    "a train at a station", "a robot", "an abstract composition of shapes",
  ]

  /// What a delta is measured by; none of it is like one of those above.
  static let unseen = [
    "a lighthouse in the mist", "a dog sleeping by the fire", "a market in a narrow alley", "an astronaut on the moon",
    "a bowl of soup", "a dancer on a stage",
  ]
}
