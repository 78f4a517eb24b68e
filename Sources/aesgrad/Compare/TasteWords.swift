/// Words for what pictures show and how they are made, to say in words what an aesthetic is near to.
enum TasteWords {
  static let all = """
    dark bright pale vivid saturated faded muted pastel neon monochrome colourful golden silver sepia
    red orange yellow green blue purple pink brown black white grey turquoise warm cold
    sunset sunrise night dusk dawn moonlight sunlight shadow fog mist rain snow storm clouds smoke fire
    sea ocean lake river waterfall beach mountain valley forest jungle desert meadow garden field island sky stars planet
    city street skyline village castle church bridge lighthouse ruins tower house window door room kitchen
    portrait face crowd child woman man dancer warrior astronaut robot skeleton angel
    cat dog horse bird fish butterfly lion wolf dragon deer
    tree flower rose leaf cactus mushroom fruit apple bread cake coffee
    car train boat ship sailboat aeroplane bicycle rocket balloon
    photograph painting watercolour oil sketch drawing engraving woodcut etching ink charcoal pencil cartoon comic mosaic
    collage poster sculpture tapestry pixels stained-glass graffiti calligraphy diagram map
    abstract geometric minimal ornate detailed busy simple smooth rough blurred sharp grainy glossy metallic wooden textile
    symmetrical chaotic flat deep wide macro aerial
    romantic gloomy cheerful melancholic dreamy eerie peaceful dramatic elegant cute grotesque majestic nostalgic futuristic
    gothic baroque impressionist cubist surreal expressionist realistic fantasy vintage modern medieval oriental
    """.split { $0 == " " || $0 == "\n" }.map(String.init)

  /// Those that the model that ships knows.
  static let pocket = [
    "pastel", "neon", "sepia", "black and white", "warm", "cool", "night", "dawn", "vivid", "forest green",
    "flat design", "line art", "hatching", "pointillism", "watercolour", "pixel art", "papercut", "stained glass",
    "sailboat", "lighthouse", "cottage", "mountain", "castle", "cactus", "rocket", "fish", "balloon", "mushroom",
    "palm tree", "cat", "windmill", "sunflower", "whale", "butterfly",
  ]
}
