#include "html.h"

#include <cstdio>

#include "base/line.h"
#include "text.h"

namespace tidemark::cli {

namespace {

std::string grouped(uint64_t n) {
  std::string text = std::to_string(n);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, 1, ',');
  return text;
}

std::string hex_text(char c) {
  char text[8];
  std::snprintf(text, sizeof text, "\\x%02x", static_cast<unsigned>(static_cast<unsigned char>(c)));
  return text;
}

// UTF-8 has them, HTML and XML forbid them: U+FDD0 to U+FDEF, and the last two of each plane. 0: it is none.
size_t noncharacter_size(std::string_view text) {
  const size_t size = utf8_size(text);
  const auto byte = [text](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (size < 3) return 0;
  const bool ends_plane = byte(size - 1) >= 0xBE && byte(size - 2) == 0xBF &&
                          (size == 3 ? byte(0) == 0xEF : (byte(1) & 0x0F) == 0x0F);
  const bool is_arabic =
      size == 3 && byte(0) == 0xEF && byte(1) == 0xB7 && byte(2) >= 0x90 && byte(2) <= 0xAF;
  return ends_plane || is_arabic ? size : 0;
}

}  // namespace

Html& Html::text(std::string_view text) {
  const std::string clean = printable(text);
  for (size_t at = 0; at < clean.size(); ++at) {
    if (const size_t size = noncharacter_size(std::string_view(clean).substr(at)); size > 0) {
      for (size_t i = 0; i < size; ++i) text_ += hex_text(clean[at + i]);
      at += size - 1;
      continue;
    }
    const char c = clean[at];
    switch (c) {
      case '&':
        text_ += "&amp;";
        break;
      case '<':
        text_ += "&lt;";
        break;
      case '>':
        text_ += "&gt;";
        break;
      case '"':
        text_ += "&quot;";
        break;
      case '\'':
        text_ += "&#39;";
        break;
      default:
        text_ += c;
    }
  }
  return *this;
}

Html& Html::name(std::string_view text) { return put("<bdi>").text(text).put("</bdi>"); }

Html& Html::data(uint64_t value, std::string_view shown, std::string_view of_class) {
  put("<data");
  if (!of_class.empty()) put(" class=\"").text(of_class).put("\"");
  return put(" value=\"").text(std::to_string(value)).put("\">").text(shown).put("</data>");
}

Html& Html::count(uint64_t n, std::string_view of_class) { return data(n, grouped(n), of_class); }

Html& Html::lsn(uint64_t lsn, std::string_view of_class) { return data(lsn, std::to_string(lsn), of_class); }

Html& Html::bytes(uint64_t size_bytes, std::string_view of_class) {
  return data(size_bytes, bytes_text(size_bytes), of_class);
}

Html& Html::time(int64_t time_us) {
  const std::string exact = utc_text(time_us);
  const size_t minute = exact.rfind(':');
  std::string shown = exact.substr(0, minute);
  if (const size_t at = shown.find('T'); at != std::string::npos) shown[at] = ' ';
  return put("<time datetime=\"").text(exact).put("\">").text(shown).put("</time>");
}

Html& Html::counted(uint64_t n, const char* one, const char* many, std::string_view of_class) {
  return count(n, of_class).put(" ").text(n == 1 ? one : many);
}

}  // namespace tidemark::cli
