// SPDX-License-Identifier: Apache-2.0
#include "experiments/audience/condition_lexer.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "experiments/audience/condition_limits.h"
#include "experiments/audience/quoted_text.h"
#include "experiments/audience/semantic_version.h"
#include "experiments/audience/time_micros.h"

namespace tierwise {
namespace {

constexpr absl::string_view kReservedWords[] = {"and",      "or", "not", "in",  "between", "starts_with", "ends_with",
                                                "contains", "is", "set", "now", "segment", "true",        "false"};

// Signs of other languages, longest first, and what is written here.
constexpr std::pair<absl::string_view, absl::string_view> kForeignSymbols[] = {
    {"&&", "and"}, {"||", "or"}, {"==", "="}, {"<>", "!="}, {"!", "not"}};
constexpr absl::string_view kSymbols[] = {"!=", "<=", ">=", "=", "<", ">", "+", "-", "(", ")", "[", "]", ","};

bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }
bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool IsWordCharacter(char c) { return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '_'; }

// Seconds of a unit of durations; 0 where there is none of that name.
int64_t SecondsOf(absl::string_view unit) {
  if (unit == "s") return 1;
  if (unit == "m") return 60;
  if (unit == "h") return 3'600;
  if (unit == "d") return 86'400;
  if (unit == "w") return 604'800;
  return 0;
}

class Lexer {
 public:
  explicit Lexer(absl::string_view text) : text_(text) {}

  Tokens Run() && {
    while (SkipSpace(), at_ < text_.size()) Next();
    Emit(TokenKind::kEnd, at_);
    return std::move(result_);
  }

 private:
  char Peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void SkipSpace() {
    while (IsSpace(Peek())) ++at_;
  }
  template <typename Predicate>
  absl::string_view TakeWhile(Predicate predicate) {
    const size_t start = at_;
    while (at_ < text_.size() && predicate(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  void Error(size_t offset, std::string message) { result_.errors.push_back({offset, std::move(message)}); }
  // Adds a token that goes from `start` to here.
  Token& Emit(TokenKind kind, size_t start) {
    Token& token = result_.tokens.emplace_back();
    token.kind = kind;
    token.offset = start;
    token.text = text_.substr(start, at_ - start);
    return token;
  }
  // Whether the last tokens, before the one being read, are these.
  bool Follows(std::initializer_list<absl::string_view> texts) const {
    return result_.tokens.size() >= texts.size() &&
           std::equal(texts.begin(), texts.end(), result_.tokens.end() - static_cast<std::ptrdiff_t>(texts.size()),
                      [](absl::string_view text, const Token& token) { return token.text == text; });
  }

  void Next() {
    const char c = Peek();
    if (c == '"') return String();
    if ((c == 't' || c == 'v') && Peek(1) == '"') return c == 't' ? Time() : Version();
    if (IsDigit(c) || (c == '-' && IsDigit(Peek(1)) && !Follows({"now"}))) return Number();
    if (IsWordCharacter(c)) return Word();
    Symbol();
  }

  void Word() {
    const size_t start = at_;
    const bool is_segment = Follows({"segment", "("});
    const absl::string_view word = TakeWhile([&](char c) { return IsWordCharacter(c) || (is_segment && c == '-'); });
    Token& token = Emit(TokenKind::kWord, start);
    if (is_segment || IsReservedWord(word)) return;
    const std::string lower = absl::AsciiStrToLower(word);
    const auto meant = std::find(std::begin(kReservedWords), std::end(kReservedWords), lower);
    if (meant == std::end(kReservedWords)) return;
    Error(start, absl::StrCat("found ", word, ", which is written in lower case: ", lower));
    token.text = *meant;
  }

  void Symbol() {
    const size_t start = at_;
    const absl::string_view rest = text_.substr(at_);
    const auto starts_rest = [&](absl::string_view symbol) { return rest.substr(0, symbol.size()) == symbol; };
    const auto known = std::find_if(std::begin(kSymbols), std::end(kSymbols), starts_rest);
    const auto foreign = std::find_if(std::begin(kForeignSymbols), std::end(kForeignSymbols),
                                      [&](const auto& symbol) { return starts_rest(symbol.first); });
    const bool is_foreign =
        foreign != std::end(kForeignSymbols) && (known == std::end(kSymbols) || known->size() < foreign->first.size());
    if (is_foreign) {
      const bool is_word = absl::ascii_isalpha(static_cast<unsigned char>(foreign->second[0]));
      at_ += foreign->first.size();
      Error(start, absl::StrCat("found ", foreign->first, ", which is written ", foreign->second));
      Emit(is_word ? TokenKind::kWord : TokenKind::kSymbol, start).text = foreign->second;
    } else if (known != std::end(kSymbols)) {
      at_ += known->size();
      Emit(TokenKind::kSymbol, start);
    } else if (Peek() == '\'') {
      SingleQuoted();
    } else {
      // The rest of a character of several bytes is skipped with its first.
      do ++at_;
      while ((static_cast<unsigned char>(Peek()) & 0xC0) == 0x80);
      Error(start,
            absl::StrCat("found '", text_.substr(start, at_ - start), "', which has no meaning outside a string"));
    }
  }

  void SingleQuoted() {
    const size_t start = at_++;
    TakeWhile([](char c) { return c != '\''; });
    if (at_ < text_.size()) ++at_;
    Error(start, "found ', but strings are written in double quotes");
    Emit(TokenKind::kLiteral, start).literal.set_string_value("");
  }

  void Number() {
    const size_t start = at_;
    if (Peek() == '-') ++at_;
    const size_t first_digit = at_;
    const size_t digits = TakeWhile(IsDigit).size();
    bool is_double = false;
    if (Peek() == '.' && IsDigit(Peek(1))) {
      is_double = true;
      ++at_;
      TakeWhile(IsDigit);
    }
    const size_t signs = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
    if ((Peek() == 'e' || Peek() == 'E') && IsDigit(Peek(1 + signs))) {
      is_double = true;
      at_ += 1 + signs;
      TakeWhile(IsDigit);
    }
    const absl::string_view number = text_.substr(start, at_ - start);
    const absl::string_view unit = TakeWhile([](char c) { return IsWordCharacter(c) || c == '.'; });
    if (digits > 1 && text_[first_digit] == '0') Error(start, "a number starts with 0 only before a point");
    if (unit.empty()) return is_double ? Double(start, number) : Int(start, number);
    Duration(start, number, unit, !is_double && first_digit == start);
  }

  void Int(size_t start, absl::string_view number) {
    int64_t value = 0;
    if (!absl::SimpleAtoi(number, &value)) {
      Error(start, absl::StrCat(number, " does not fit into 64 bits; write ", number, ".0 for a double"));
    }
    Emit(TokenKind::kLiteral, start).literal.set_int_value(value);
  }

  void Double(size_t start, absl::string_view number) {
    double value = 0;
    const auto result = std::from_chars(number.data(), number.data() + number.size(), value);
    if (result.ec != std::errc()) Error(start, absl::StrCat(number, " is outside the range of doubles"));
    Emit(TokenKind::kLiteral, start).literal.set_double_value(value);
  }

  void Duration(size_t start, absl::string_view number, absl::string_view unit, bool is_whole) {
    int64_t count = 0;
    const int64_t seconds = SecondsOf(unit);
    if (!is_whole || seconds == 0) {
      Error(start,
            absl::StrCat("found ", number, unit, ", neither a number nor a duration, which is a whole number and s, ",
                         "m, h, d or w, such as 30d"));
    } else if (!absl::SimpleAtoi(number, &count) || count > kMaxOffsetSeconds / seconds) {
      Error(start, absl::StrCat(number, unit, " is over 10,000 years"));
      count = 0;
    }
    Emit(TokenKind::kDuration, start).literal.mutable_now_offset()->set_seconds(count * seconds);
  }

  // Reads `"..."` from here.
  std::string Quoted() {
    QuotedText quoted = ReadQuoted(text_.substr(at_));
    for (const auto& [offset, message] : quoted.errors) Error(at_ + offset, message);
    at_ += quoted.size;
    return std::move(quoted.text);
  }

  void String() {
    const size_t start = at_;
    std::string text = Quoted();
    Emit(TokenKind::kLiteral, start).literal.set_string_value(std::move(text));
  }

  void Version() {
    const size_t start = at_++;
    std::string text = Quoted();
    if (!ParseSemanticVersion(text).has_value()) {
      Error(start,
            absl::StrCat("\"", text, "\" is not a version by semver.org, such as v\"1.2.3\" or v\"2.0.0-rc.1\""));
    }
    Emit(TokenKind::kLiteral, start).literal.set_version_value(std::move(text));
  }

  void Time() {
    const size_t start = at_++;
    const std::string text = Quoted();
    const std::optional<google::protobuf::Timestamp> time = ParseTimestamp(text);
    if (!time.has_value()) {
      Error(start, absl::StrCat("\"", text, "\" is not a time, such as t\"2026-01-31T00:00:00Z\" or ",
                                "t\"2026-01-31T08:00:00.5+08:00\", of the years 1 to 9999, to the microsecond"));
    }
    *Emit(TokenKind::kLiteral, start).literal.mutable_time_value() = time.value_or(google::protobuf::Timestamp());
  }

  absl::string_view text_;
  size_t at_ = 0;
  Tokens result_;
};

}  // namespace

Tokens SplitIntoTokens(absl::string_view text) { return Lexer(text).Run(); }

bool IsReservedWord(absl::string_view word) {
  return std::find(std::begin(kReservedWords), std::end(kReservedWords), word) != std::end(kReservedWords);
}

}  // namespace tierwise
