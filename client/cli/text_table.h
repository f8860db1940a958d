// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "client/cli/terminal.h"

namespace tierwise {

// How many columns `text` takes on a terminal: wide East Asian characters two, combining ones none. Malformed UTF-8
// counts one for each byte.
int DisplayWidth(absl::string_view text);

// Rows of cells in columns as wide as their widest cell, two blanks apart. Not thread-safe.
class TextTable {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
    // Where the table is wider than the terminal, columns go by this, highest first; 0 never goes.
    int drop_order = 0;
  };
  struct Cell {
    std::string text;
    std::optional<Style> style;
  };

  explicit TextTable(std::vector<Column> columns) : columns_(std::move(columns)) {}

  // REQUIRES: one cell for each column.
  void AddRow(std::vector<Cell> cells) { rows_.push_back(std::move(cells)); }
  bool empty() const { return rows_.empty(); }

  // Titles in bold (none where every title is empty), then the rows, each line behind `indent` blanks.
  std::string Render(int width, bool has_color, int indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace tierwise
