// SPDX-License-Identifier: Apache-2.0
#include "client/cli/compressed_input.h"

#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "experiments/base/status_macros.h"

namespace tierwise {

absl::StatusOr<CompressedInput> CompressedInput::Open(const std::string& path) {
  std::error_code error;
  const bool is_standard_input = path == "-";
  if (!is_standard_input && std::filesystem::is_directory(path, error)) {
    return absl::NotFoundError(absl::StrCat(path, " is a folder, not a file"));
  }
  gzFile file = is_standard_input ? gzdopen(dup(STDIN_FILENO), "rb") : gzopen(path.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(absl::StrCat("can't read the file ", path));
  const std::uintmax_t bytes = is_standard_input ? 0 : std::filesystem::file_size(path, error);
  return CompressedInput(file, error ? 0 : static_cast<int64_t>(bytes));
}

CompressedInput::CompressedInput(CompressedInput&& other) noexcept
    : file_(std::exchange(other.file_, nullptr)),
      bytes_total_(other.bytes_total_),
      buffer_(std::move(other.buffer_)),
      begin_(other.begin_),
      end_(other.end_) {}

CompressedInput::~CompressedInput() {
  if (file_ != nullptr) gzclose(file_);
}

absl::StatusOr<bool> CompressedInput::Fill() {
  const int got = gzread(file_, buffer_.data(), static_cast<unsigned>(buffer_.size()));
  begin_ = 0;
  end_ = got > 0 ? static_cast<size_t>(got) : 0;
  if (got > 0) return true;
  int code = Z_OK;
  const char* message = gzerror(file_, &code);
  if (code != Z_OK) return absl::InvalidArgumentError(absl::StrCat("the file can't be read to its end: ", message));
  return false;
}

absl::StatusOr<bool> CompressedInput::AppendLine(size_t max_bytes, std::string* line) {
  bool appended = false;
  while (true) {
    if (begin_ == end_) {
      TIERWISE_ASSIGN_OR_RETURN(const bool more, Fill());
      if (!more) return appended;
    }
    const char* first = buffer_.data() + begin_;
    const void* feed = std::memchr(first, '\n', end_ - begin_);
    const size_t taken =
        feed == nullptr ? end_ - begin_ : static_cast<size_t>(static_cast<const char*>(feed) - first) + 1;
    if (line->size() + taken > max_bytes) {
      return absl::InvalidArgumentError(absl::StrCat("a record above ", max_bytes, " bytes (is a quote not closed?)"));
    }
    line->append(first, taken);
    begin_ += taken;
    appended = true;
    if (feed != nullptr) return true;
  }
}

}  // namespace tierwise
