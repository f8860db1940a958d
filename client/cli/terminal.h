// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <ostream>
#include <string>

#include "absl/strings/string_view.h"

namespace tierwise {

// Where a command reads and writes, and what that place can show. Results go to `out`, everything about their making to
// `err`.
struct Terminal {
  std::istream& in;
  std::ostream& out;
  std::ostream& err;
  bool err_is_tty = false;
  bool out_has_color = false;
  bool err_has_color = false;
  bool out_has_unicode = false;  // else plots are drawn in ASCII
  int width = 120;               // columns of `out`
};

// The process's own streams. Colours only on a terminal and unless NO_COLOR is set; Unicode where LC_ALL, LC_CTYPE or
// LANG, the first that is set, names UTF-8; the width is the terminal's, else COLUMNS, else 120.
Terminal StandardTerminal();

enum class Style { kBold, kDim, kRed, kGreen, kYellow, kCyan };

// `text` in a style where `has_color`, else as it is.
std::string Styled(bool has_color, Style style, absl::string_view text);

}  // namespace tierwise
