/// Prompts that lean to no taste: what people ask for, in plain words, of many kinds. A delta trained over them carries
/// over to prompts it has not seen.
struct NeutralPrompts {
  /// What a delta is trained over where its owner has no prompts yet.
  let training: [String]
  /// What a delta is measured by; none of it is like one of those above.
  let unseen: [String]

  /// For models that know the world.
  static let usual = NeutralPrompts(
    training: [
      "a portrait of a woman", "an old man sitting on a bench", "two children playing in a garden",
      "a cat on a windowsill", "a horse running across a field", "birds above the sea",
      "a mountain lake", "a forest path", "a beach with waves", "a desert under a wide sky", "a river in winter",
      "a small village street", "a city skyline", "a castle on a hill", "a wooden bridge", "the interior of a library",
      "a kitchen table with fruit", "a vase of flowers", "a cup of coffee", "an old car", "a sailing boat in a harbour",
      "a train at a station", "a robot", "an abstract composition of shapes",
    ],
    unseen: [
      "a lighthouse in the mist", "a dog sleeping by the fire", "a market in a narrow alley",
      "an astronaut on the moon",
      "a bowl of soup", "a dancer on a stage",
    ])

  /// For the model that ships, which knows sixteen subjects and nothing else.
  static let pocket = NeutralPrompts(
    training: [
      "a yacht", "two sailing boats", "a striped lighthouse by the sea", "a cottage", "three houses", "a snowy peak",
      "a mountain by a lake", "a fortress", "a castle with towers", "a saguaro", "two cacti in the desert",
      "a space rocket",
      "a tropical fish", "three fish", "a balloon in the sky", "two toadstools", "a spotted mushroom", "a coconut palm",
      "a kitten", "two sitting cats", "an old windmill", "a big flower", "a spouting whale", "a fluttering butterfly",
    ],
    unseen: ["a sailboat", "a lighthouse", "a rocket", "a cat", "a windmill", "a butterfly"])
}
