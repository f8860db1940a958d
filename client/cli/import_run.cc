// SPDX-License-Identifier: Apache-2.0
#include "client/cli/import_run.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/csv.h"
#include "client/cli/fact_sender.h"
#include "client/cli/import_checkpoint.h"
#include "client/cli/progress.h"
#include "client/cli/row_converter.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

// Writes rejected records; the file comes into being with the first one.
class RejectsFile {
 public:
  RejectsFile(std::string path, bool is_appended) : path_(std::move(path)), is_appended_(is_appended) {
    std::error_code error;
    if (!is_appended_) std::filesystem::remove(path_, error);
  }

  void Add(const FactOrigin& origin, const Problem& problem) {
    if (!file_.is_open()) {
      const bool is_new = !is_appended_ || !std::filesystem::exists(path_);
      file_.open(path_, std::ios::app | std::ios::binary);
      if (is_new) file_ << CsvLine({"line", "field", "reason", "record"});
    }
    file_ << CsvLine({absl::StrCat(origin.line), problem.field, problem.description, *origin.text});
  }

  absl::Status Close() {
    if (!file_.is_open()) return absl::OkStatus();
    file_.close();
    return file_ ? absl::OkStatus() : absl::UnknownError(absl::StrCat("can't write the rejects file ", path_));
  }

 private:
  std::string path_;
  bool is_appended_;
  std::ofstream file_;
};

class ImportRun {
 public:
  ImportRun(const ImportJob& job, const Connection& connection, RecordReader& reader, const RowConverter& converter,
            std::optional<ImportCheckpoint> checkpoint, Progress& progress)
      : job_(job),
        reader_(reader),
        converter_(converter),
        resumed_(std::move(checkpoint)),
        progress_(progress),
        rejects_(job.rejects, resumed_.has_value()),
        sender_(
            connection, job.kind, [this](const FactOrigin& origin, const Problem& problem) { Reject(origin, problem); },
            [this](const ReadingPosition& position) { return Acknowledge(position); }) {}

  absl::StatusOr<ImportSummary> Run() {
    Record record;
    while (true) {
      TIERWISE_ASSIGN_OR_RETURN(const bool has_record, reader_.Next(&record));
      if (!has_record) break;
      position_.text_hash = ContentHash(record.text, position_.text_hash);
      TIERWISE_RETURN_IF_ERROR(AddRecord(record));
    }
    if (resumed_.has_value() && position_.rows < resumed_->rows) return FileChanged();
    TIERWISE_RETURN_IF_ERROR(sender_.Finish(position_));
    TIERWISE_RETURN_IF_ERROR(rejects_.Close());
    std::error_code error;
    if (job_.is_resumable) std::filesystem::remove(CheckpointPath(job_.file, job_.state_folder), error);
    summary_.rows = position_.rows;
    if (!job_.is_dry_run) summary_.accepted = sender_.accepted();
    return summary_;
  }

 private:
  absl::Status AddRecord(const Record& record) {
    const auto text = std::make_shared<const std::string>(record.text);
    const FactOrigin origin{record.line, text};
    absl::StatusOr<int64_t> repeat = int64_t{1};
    if (record.problem.empty()) repeat = converter_.RepeatOf(record);
    if (!record.problem.empty() || !repeat.ok()) {
      if (StartRow()) {
        Reject(origin, record.problem.empty() ? Problem{job_.mapping.repeat, std::string(repeat.status().message())}
                                              : Problem{"", record.problem});
      }
      return CheckResumed();
    }
    const bool is_wanted = converter_.IsWanted(record);
    for (int64_t i = 0; i < *repeat; ++i) {
      if (!StartRow()) continue;
      if (!is_wanted) {
        ++summary_.filtered;
        continue;
      }
      TIERWISE_RETURN_IF_ERROR(AddRow(record, origin));
    }
    return CheckResumed();
  }

  // Counts a row; false where an earlier run has dealt with it.
  bool StartRow() {
    ++position_.rows;
    progress_.Update(reader_.BytesRead(), position_.rows);
    if (!resumed_.has_value() || position_.rows > resumed_->rows) return true;
    ++summary_.resumed;
    return false;
  }

  absl::Status AddRow(const Record& record, const FactOrigin& origin) {
    google::protobuf::Message* fact = sender_.AddFact();
    if (const std::optional<Problem> problem = converter_.Convert(record, position_.rows, fact); problem.has_value()) {
      sender_.DropFact();
      Reject(origin, *problem);
      return absl::OkStatus();
    }
    if (job_.is_dry_run) {
      sender_.DropFact();
      ++summary_.accepted;
      return absl::OkStatus();
    }
    return sender_.KeepFact(origin, position_);
  }

  // Once past the rows of an earlier run: whether these were the same.
  absl::Status CheckResumed() {
    if (!resumed_.has_value() || is_checked_ || position_.rows < resumed_->rows) return absl::OkStatus();
    is_checked_ = true;
    return position_.text_hash == resumed_->text_hash ? absl::OkStatus() : FileChanged();
  }

  absl::Status FileChanged() const {
    return absl::FailedPreconditionError(absl::StrCat(job_.file, " is not the file that was being imported: its first ",
                                                      resumed_->rows, " rows differ; remove ",
                                                      CheckpointPath(job_.file, job_.state_folder), " to start anew"));
  }

  void Reject(const FactOrigin& origin, const Problem& problem) {
    ++summary_.rejected;
    rejects_.Add(origin, problem);
  }

  absl::Status Acknowledge(const ReadingPosition& position) {
    if (!job_.is_resumable) return absl::OkStatus();
    return WriteCheckpoint(CheckpointPath(job_.file, job_.state_folder),
                           {MappingHash(job_), position.rows, position.text_hash});
  }

 public:
  static uint64_t MappingHash(const ImportJob& job) {
    return ContentHash(CanonicalText(job.mapping), static_cast<uint64_t>(job.kind));
  }

 private:
  const ImportJob& job_;
  RecordReader& reader_;
  const RowConverter& converter_;
  const std::optional<ImportCheckpoint> resumed_;
  Progress& progress_;
  RejectsFile rejects_;
  ImportSummary summary_;
  ReadingPosition position_;
  bool is_checked_ = false;
  FactSender sender_;  // last: its answers may still come in while it is destroyed
};

absl::StatusOr<std::optional<ImportCheckpoint>> CheckpointOf(const ImportJob& job) {
  if (!job.is_resumable) return std::nullopt;
  const std::string path = CheckpointPath(job.file, job.state_folder);
  TIERWISE_ASSIGN_OR_RETURN(const std::optional<ImportCheckpoint> checkpoint, ReadCheckpoint(path));
  if (checkpoint.has_value() && checkpoint->mapping_hash != ImportRun::MappingHash(job)) {
    return absl::FailedPreconditionError(absl::StrCat(
        path, " was left by an import with another mapping; give the same options, or remove it to start anew"));
  }
  return checkpoint;
}

}  // namespace

absl::StatusOr<ImportSummary> RunImport(const ImportJob& job, const Connection& connection, Terminal& terminal) {
  TIERWISE_ASSIGN_OR_RETURN(const std::unique_ptr<RecordReader> reader,
                            OpenRecords(job.file, job.format, job.mapping.delimiter));
  AttributeTypes types;
  if (job.kind == FactKind::kProfiles) {
    TIERWISE_ASSIGN_OR_RETURN(types, FetchAttributeTypes(connection));
  }
  TIERWISE_ASSIGN_OR_RETURN(const RowConverter converter,
                            RowConverter::Create(job.kind, job.mapping, types, reader.get()));
  TIERWISE_ASSIGN_OR_RETURN(const std::optional<ImportCheckpoint> checkpoint, CheckpointOf(job));
  Progress progress(std::filesystem::path(job.file).filename().string(), reader->BytesTotal(), terminal);
  return ImportRun(job, connection, *reader, converter, checkpoint, progress).Run();
}

}  // namespace tierwise
