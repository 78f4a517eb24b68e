import Foundation
import Raster

/// Pieces of a page in HTML. What is put into them as text cannot become markup.
enum HTML {
  /// A whole page that needs no other file.
  static func page(title: String, style: String, body: [String]) -> String {
    """
    <!doctype html>
    <html lang="en">
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>\(escaped(title))</title>
    <style>
    \(style)
    </style>
    \(body.joined(separator: "\n"))
    </html>

    """
  }

  /// `text` in an element.
  static func element(_ name: String, _ text: String) -> String { "<\(name)>\(escaped(text))</\(name)>" }

  /// Rows of cells, which are HTML, the first of them headings.
  static func table(_ rows: [[String]]) -> String {
    let lines = rows.enumerated().map { index, row in
      "<tr>" + row.map { index == 0 ? "<th>\($0)</th>" : "<td>\($0)</td>" }.joined() + "</tr>"
    }
    return "<table>\n" + lines.joined(separator: "\n") + "\n</table>"
  }

  /// A picture, which becomes a part of the page.
  static func picture(_ picture: Picture, describedAs description: String) throws(PictureError) -> String {
    let bytes = try picture.png()
    return """
      <img width="\(picture.width)" height="\(picture.height)" alt="\(escaped(description))" \
      src="data:image/png;base64,\(Data(bytes).base64EncodedString())">
      """
  }

  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
