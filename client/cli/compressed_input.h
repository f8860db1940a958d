// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace tierwise {

// Lines of a file, plain or gzipped (told by its content). Not thread-safe.
class CompressedInput {
 public:
  // "-" is standard input. Errors: NotFound.
  static absl::StatusOr<CompressedInput> Open(const std::string& path);
  CompressedInput(CompressedInput&& other) noexcept;
  CompressedInput& operator=(CompressedInput&&) = delete;
  ~CompressedInput();

  // Appends the next line, with its line feed if it has one. False at the end of the file, where nothing was appended.
  // Errors: InvalidArgument where `line` would grow above `max_bytes` or the compression is broken.
  absl::StatusOr<bool> AppendLine(size_t max_bytes, std::string* line);

  int64_t BytesRead() const { return gzoffset(file_); }
  int64_t BytesTotal() const { return bytes_total_; }

 private:
  CompressedInput(gzFile file, int64_t bytes_total) : file_(file), bytes_total_(bytes_total), buffer_(1 << 16) {}

  // False at the end.
  absl::StatusOr<bool> Fill();

  gzFile file_;
  int64_t bytes_total_;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // of what is in the buffer and was not handed out
};

}  // namespace tierwise
