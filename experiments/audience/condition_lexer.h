// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

enum class TokenKind {
  kWord,      // an attribute, an id of a segment, or a word of the grammar
  kSymbol,    // = != < <= > >= + - ( ) [ ] ,
  kLiteral,   // a number, a string, a time or a version
  kDuration,  // 30d
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  size_t offset = 0;       // in bytes
  absl::string_view text;  // as written, or what was meant where that is an error with an obvious mending (`AND`, `==`)
  v1::Literal literal;     // of a literal; of a duration, its length as an offset from now
};

struct SyntaxError {
  size_t offset = 0;  // in bytes
  std::string message;
};

struct Tokens {
  std::vector<Token> tokens;  // the last is kEnd
  std::vector<SyntaxError> errors;
};

// Splits a condition's text. What is wrong inside a token is an error, and the token is there all the same, so that the
// parser can go on. `text` must outlive the tokens.
Tokens SplitIntoTokens(absl::string_view text);

// The words of the grammar, which no attribute may be named after.
bool IsReservedWord(absl::string_view word);

}  // namespace tierwise
