// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/terminal.h"
#include "client/cli/text_table.h"

namespace tierwise {

// `text` broken between words into lines of at most `width` columns; a longer word has a line of its own,
// and a percent sign stays with its number.
std::vector<std::string> WrapText(absl::string_view text, int width);

// A paragraph, each line behind `indent` blanks, those after the first behind two more.
std::string Paragraph(absl::string_view text, int width, int indent);

// Short cells, then a text that is wrapped beside them.
struct LabelledText {
  std::vector<TextTable::Cell> labels;
  TextTable::Cell text;
};

// Rows under each other, labels in columns. REQUIRES: as many labels in every row.
std::string RenderLabelled(const std::vector<LabelledText>& rows, int width, bool has_color, int indent);

}  // namespace tierwise
