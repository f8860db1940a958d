// SPDX-License-Identifier: Apache-2.0
#include "client/cli/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace tierwise {
namespace {

constexpr int kDefaultWidth = 120;

int WidthOfStandardOutput() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  const char* columns = std::getenv("COLUMNS");
  int width = 0;
  if (columns != nullptr && absl::SimpleAtoi(columns, &width) && width > 0) return width;
  return kDefaultWidth;
}

bool IsUtf8Locale() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* locale = std::getenv(name);
    if (locale == nullptr || *locale == '\0') continue;
    const std::string lower = absl::AsciiStrToLower(locale);
    return absl::StrContains(lower, "utf-8") || absl::StrContains(lower, "utf8");
  }
  return false;
}

absl::string_view CodeOf(Style style) {
  switch (style) {
    case Style::kBold:
      return "1";
    case Style::kDim:
      return "2";
    case Style::kRed:
      return "31";
    case Style::kGreen:
      return "32";
    case Style::kYellow:
      return "33";
    case Style::kCyan:
      return "36";
  }
  return "0";
}

}  // namespace

Terminal StandardTerminal() {
  const char* no_color = std::getenv("NO_COLOR");
  const bool color_allowed = no_color == nullptr || *no_color == '\0';
  const bool err_is_tty = isatty(STDERR_FILENO) != 0;
  return Terminal{.in = std::cin,
                  .out = std::cout,
                  .err = std::cerr,
                  .err_is_tty = err_is_tty,
                  .out_has_color = color_allowed && isatty(STDOUT_FILENO) != 0,
                  .err_has_color = color_allowed && err_is_tty,
                  .out_has_unicode = IsUtf8Locale(),
                  .width = WidthOfStandardOutput()};
}

std::string Styled(bool has_color, Style style, absl::string_view text) {
  if (!has_color) return std::string(text);
  return absl::StrCat("\033[", CodeOf(style), "m", text, "\033[0m");
}

}  // namespace tierwise
