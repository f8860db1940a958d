// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "experiments/audience/condition_lexer.h"
#include "tierwise/v1/condition.pb.h"

namespace tierwise {

struct ParsedCondition {
  v1::ConditionNode tree;           // meaningless where there are errors
  std::vector<SyntaxError> errors;  // those of the tokens too, in the order of the text, one for each place
};

// Reads the tokens of a condition: recursive descent that goes on after an error at the next `and`, `or` or `)`. Gives
// up at more than kMaxConditionNodes nodes, or parentheses and `not` more than kMaxConditionDepth deep.
ParsedCondition ParseTokens(Tokens tokens);

}  // namespace tierwise
