// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/interrupt.h"
#include "client/cli/message_text.h"
#include "client/cli/progress.h"
#include "client/cli/refresh_text.h"
#include "client/cli/tiers_verbs.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

constexpr absl::Duration kPoll = absl::Milliseconds(200);
constexpr int32_t kPageSize = 1'000;

struct RefreshOptions {
  std::vector<std::string> tierings;
  std::string as_of;
  bool waits_not = false;
  bool is_json = false;
};

absl::StatusOr<v1::Refresh> CancelRefresh(const Connection& connection, int64_t id) {
  v1::CancelRefreshRequest request;
  request.set_id(id);
  v1::CancelRefreshResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  return std::move(*response.mutable_refresh());
}

// Waits until the refresh has ended; Ctrl-C cancels it on the server.
absl::StatusOr<v1::Refresh> Await(const Connection& connection, v1::Refresh refresh, Terminal& terminal) {
  const InterruptWatch watch;
  Progress progress(absl::StrCat("refresh ", refresh.id()), 0, terminal);
  while (refresh.state() == v1::REFRESH_STATE_RUNNING) {
    progress.UpdateShare(refresh.progress(), refresh.step());
    if (InterruptWatch::SleepFor(kPoll)) {
      absl::StatusOr<v1::Refresh> cancelled = CancelRefresh(connection, refresh.id());
      // It may have ended just before.
      if (!absl::IsFailedPrecondition(cancelled.status())) return cancelled;
    }
    v1::GetRefreshRequest request;
    request.set_id(refresh.id());
    v1::GetRefreshResponse response;
    TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
    refresh = std::move(*response.mutable_refresh());
  }
  return refresh;
}

absl::StatusOr<ExitCode> PrintRefresh(const v1::Refresh& refresh, bool is_json, Terminal& terminal) {
  terminal.out << (is_json ? ToReadableJson(refresh, Fields::kComplete).dump(2) : RefreshLine(refresh)) << '\n';
  const bool is_lost = refresh.state() == v1::REFRESH_STATE_FAILED || refresh.state() == v1::REFRESH_STATE_CANCELLED;
  return is_lost ? ExitCode::kFailed : ExitCode::kOk;
}

absl::StatusOr<ExitCode> Refresh(const RefreshOptions& options, const Invocation& invocation) {
  v1::StartRefreshRequest request;
  for (const std::string& tiering : options.tierings) request.add_tierings(tiering);
  if (!options.as_of.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time as_of, ParseTimeOption("--as-of", options.as_of));
    *request.mutable_as_of() = ToProto(as_of);
  }
  const Connection connection(invocation.connection);
  v1::StartRefreshResponse response;
  absl::Status status = connection.Call(request, &response);
  for (const std::string& tiering : options.tierings) {
    status = SuggestDefinition(connection, "tierings", tiering, std::move(status));
  }
  TIERWISE_RETURN_IF_ERROR(status);
  v1::Refresh refresh = std::move(*response.mutable_refresh());
  Terminal& terminal = invocation.terminal;
  if (options.waits_not) {
    terminal.err << "`tierwise tiers refreshes` shows how it stands, `tierwise tiers cancel " << refresh.id()
                 << "` ends it\n";
  } else {
    TIERWISE_ASSIGN_OR_RETURN(refresh, Await(connection, std::move(refresh), terminal));
  }
  return PrintRefresh(refresh, options.is_json, terminal);
}

struct RefreshesOptions {
  int64_t limit = 20;
  bool is_json = false;
};

absl::StatusOr<std::vector<v1::Refresh>> FetchRefreshes(const Connection& connection, int64_t limit) {
  std::vector<v1::Refresh> refreshes;
  v1::ListRefreshesRequest request;
  do {
    request.set_page_size(
        static_cast<int32_t>(std::min<int64_t>(kPageSize, limit - static_cast<int64_t>(refreshes.size()))));
    v1::ListRefreshesResponse response;
    TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
    for (v1::Refresh& refresh : *response.mutable_refreshes()) refreshes.push_back(std::move(refresh));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty() && static_cast<int64_t>(refreshes.size()) < limit);
  return refreshes;
}

absl::StatusOr<ExitCode> Refreshes(const RefreshesOptions& options, const Invocation& invocation) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<v1::Refresh> refreshes,
                            FetchRefreshes(Connection(invocation.connection), options.limit));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const v1::Refresh& refresh : refreshes) list.push_back(ToReadableJson(refresh, Fields::kComplete));
    terminal.out << list.dump(2) << '\n';
  } else if (refreshes.empty()) {
    terminal.err << "nothing was refreshed yet; `tierwise tiers refresh` does\n";
  } else {
    terminal.out << RenderRefreshes(refreshes, PlotStyleOf(terminal));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddTiersRefresh(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<RefreshOptions>();
  CLI::App* command = tiers.add_subcommand("refresh", "Put all users into their tiers anew");
  command->add_option("TIERING", options->tierings, "Ids of tierings; none: every one");
  command->add_option("--as-of", options->as_of, "Look at events up to that time only; default now")->type_name("TIME");
  command->add_flag("--no-wait", options->waits_not, "Do not wait until it is done");
  command->add_flag("--json", options->is_json, "Print the refresh as JSON");
  command->footer(
      "Derived attributes are brought up to date, cuts found, users moved: visible whole or not at all. Ctrl-C cancels "
      "it.\n"
      "\n"
      "Examples:\n"
      "  tierwise tiers refresh\n"
      "  tierwise tiers refresh value rfm --as-of 2026-03-01\n"
      "  tierwise tiers refresh --no-wait\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Refresh(*options, invocation); }; });
}

void AddTiersRefreshes(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<RefreshesOptions>();
  CLI::App* command = tiers.add_subcommand("refreshes", "List refreshes, newest first");
  command->add_option("--limit", options->limit, "At most so many")
      ->check(CLI::Range(int64_t{1}, int64_t{1'000'000}))
      ->capture_default_str();
  command->add_flag("--json", options->is_json, "Print them as JSON");
  command->footer("Examples:\n  tierwise tiers refreshes\n  tierwise tiers refreshes --limit 100 --json\n");
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Refreshes(*options, invocation); };
  });
}

void AddTiersCancel(CLI::App& tiers, Invocation& invocation) {
  auto id = std::make_shared<int64_t>(0);
  CLI::App* command = tiers.add_subcommand("cancel", "End a running refresh; nothing of it stays");
  command->add_option("ID", *id, "Its number, as `tiers refreshes` shows it")->required();
  command->footer("Examples:\n  tierwise tiers cancel 12\n");
  command->callback([id, &invocation] {
    invocation.action = [id, &invocation]() -> absl::StatusOr<ExitCode> {
      TIERWISE_ASSIGN_OR_RETURN(const v1::Refresh refresh, CancelRefresh(Connection(invocation.connection), *id));
      invocation.terminal.out << RefreshLine(refresh) << '\n';
      return ExitCode::kOk;
    };
  });
}

}  // namespace tierwise
