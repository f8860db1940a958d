// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/catalog.h"
#include "client/cli/command.h"
#include "client/cli/interrupt.h"
#include "client/cli/message_text.h"
#include "client/cli/suggestion.h"
#include "client/cli/tier_sizes_text.h"
#include "client/cli/tiers_verbs.h"
#include "client/cli/time_text.h"
#include "experiments/base/status_macros.h"
#include "tierwise/v1/tier_service.pb.h"

namespace tierwise {
namespace {

constexpr int32_t kPageSize = 10'000;
constexpr absl::Duration kFollowPoll = absl::Seconds(1);

absl::StatusOr<v1::Tiering> FetchTiering(const Connection& connection, const std::string& id) {
  absl::StatusOr<v1::Definition> definition = FetchDefinition(connection, absl::StrCat("tierings/", id));
  if (!definition.ok()) return SuggestDefinition(connection, "tierings", id, definition.status());
  return definition->tiering();
}

struct TransitionsOptions {
  std::string tiering, from, to;
  bool is_json = false;
};

absl::StatusOr<ExitCode> Transitions(const TransitionsOptions& options, const Invocation& invocation) {
  v1::GetTransitionsRequest request;
  request.set_tiering(options.tiering);
  TIERWISE_ASSIGN_OR_RETURN(const absl::Time from, ParseTimeOption("--from", options.from));
  *request.mutable_from() = ToProto(from);
  if (!options.to.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const absl::Time to, ParseTimeOption("--to", options.to));
    *request.mutable_to() = ToProto(to);
  }
  const Connection connection(invocation.connection);
  TIERWISE_ASSIGN_OR_RETURN(const v1::Tiering tiering, FetchTiering(connection, options.tiering));
  v1::GetTransitionsResponse response;
  TIERWISE_RETURN_IF_ERROR(connection.Call(request, &response));
  Terminal& terminal = invocation.terminal;
  if (options.is_json) {
    terminal.out << ToReadableJson(response, Fields::kComplete).dump(2) << '\n';
    return ExitCode::kOk;
  }
  const std::vector<v1::Transition> transitions(response.transitions().begin(), response.transitions().end());
  terminal.out << Styled(terminal.out_has_color, Style::kBold, options.tiering) << ", from " << TimeTitle(from)
               << " to " << (options.to.empty() ? "now" : TimeTitle(FromProto(request.to()))) << '\n'
               << RenderTransitions(transitions, TierIds(tiering), PlotStyleOf(terminal));
  return ExitCode::kOk;
}

struct MoversOptions {
  std::string tiering, since, from_tier, to_tier, user;
  int64_t after = 0;
  int64_t limit = 0;  // 0: all
  bool has_first_tiers = false;
  bool follows = false;
  bool is_json = false;
};

// Prints the moves that are asked for, and counts them.
class MoveFeed {
 public:
  MoveFeed(const MoversOptions& options, std::optional<absl::Time> since, Terminal& terminal)
      : options_(options), since_(since), terminal_(terminal) {
    request_.set_tiering(options.tiering);
    request_.set_after_sequence(options.after);
    request_.set_limit(kPageSize);
    request_.set_changes_only(!options.has_first_tiers);
    request_.set_user_id(options.user);
  }

  // Reads on to the present end of the feed, or to the limit.
  absl::Status ReadOn(const Connection& connection) {
    while (!is_full()) {
      v1::ListMovesResponse response;
      TIERWISE_RETURN_IF_ERROR(connection.Call(request_, &response));
      for (const v1::Move& move : response.moves()) {
        request_.set_after_sequence(move.sequence());
        if (IsWanted(move)) Print(move);
        if (is_full()) break;
      }
      if (response.moves_size() < kPageSize) break;
    }
    terminal_.out.flush();
    return absl::OkStatus();
  }

  bool is_full() const { return options_.limit > 0 && printed_ >= options_.limit; }
  int64_t printed() const { return printed_; }

 private:
  bool IsWanted(const v1::Move& move) const {
    return (!since_.has_value() || FromProto(move.time()) >= *since_) &&
           (options_.from_tier.empty() || move.from() == options_.from_tier) &&
           (options_.to_tier.empty() || move.to() == options_.to_tier);
  }

  void Print(const v1::Move& move) {
    ++printed_;
    if (options_.is_json) {
      terminal_.out << ToReadableJson(move, Fields::kComplete).dump() << '\n';
      return;
    }
    terminal_.out << Styled(terminal_.out_has_color, Style::kDim,
                            absl::StrCat(move.sequence(), "  ", TimeTitle(FromProto(move.time()))))
                  << "  " << move.user_id() << "  " << (move.from().empty() ? "(none)" : move.from()) << " -> "
                  << move.to() << '\n';
  }

  const MoversOptions& options_;
  const std::optional<absl::Time> since_;
  Terminal& terminal_;
  v1::ListMovesRequest request_;
  int64_t printed_ = 0;
};

absl::Status CheckTier(const std::string& option, const std::string& tier, const v1::Tiering& tiering) {
  if (tier.empty()) return absl::OkStatus();
  const std::vector<std::string> tiers = TierIds(tiering);
  if (std::find(tiers.begin(), tiers.end(), tier) != tiers.end()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(option, ": `", tier, "` is no tier of ", tiering.id(), Suggestion(tier, tiers)));
}

absl::StatusOr<ExitCode> Movers(const MoversOptions& options, const Invocation& invocation) {
  std::optional<absl::Time> since;
  if (!options.since.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(since, ParseTimeOption("--since", options.since));
  }
  const Connection connection(invocation.connection);
  TIERWISE_ASSIGN_OR_RETURN(const v1::Tiering tiering, FetchTiering(connection, options.tiering));
  TIERWISE_RETURN_IF_ERROR(CheckTier("--from-tier", options.from_tier, tiering));
  TIERWISE_RETURN_IF_ERROR(CheckTier("--to-tier", options.to_tier, tiering));
  MoveFeed feed(options, since, invocation.terminal);
  TIERWISE_RETURN_IF_ERROR(feed.ReadOn(connection));
  if (options.follows) {
    const InterruptWatch watch;
    while (!feed.is_full() && !InterruptWatch::SleepFor(kFollowPoll)) {
      TIERWISE_RETURN_IF_ERROR(feed.ReadOn(connection));
    }
  } else if (feed.printed() == 0) {
    invocation.terminal.err << "nobody moved\n";
  }
  return ExitCode::kOk;
}

}  // namespace

void AddTiersTransitions(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<TransitionsOptions>();
  CLI::App* command = tiers.add_subcommand("transitions", "From which tier to which, between two times");
  command->add_option("TIERING", options->tiering, "Id of the tiering")->required();
  command->add_option("--from", options->from, "Tiers as of then")->required()->type_name("TIME");
  command->add_option("--to", options->to, "Tiers as of then; default now")->type_name("TIME");
  command->add_flag("--json", options->is_json, "Print them as JSON");
  command->footer("Examples:\n  tierwise tiers transitions value --from 2026-01-01 --to 2026-04-01\n");
  command->callback([options, &invocation] {
    invocation.action = [options, &invocation] { return Transitions(*options, invocation); };
  });
}

void AddTiersMovers(CLI::App& tiers, Invocation& invocation) {
  auto options = std::make_shared<MoversOptions>();
  CLI::App* command = tiers.add_subcommand("movers", "Who moved, from, to, when: in order");
  command->add_option("TIERING", options->tiering, "Id of the tiering")->required();
  command->add_option("--since", options->since, "Only moves as of then or later")->type_name("TIME");
  command->add_option("--from-tier", options->from_tier, "Only moves out of this tier")->type_name("TIER");
  command->add_option("--to-tier", options->to_tier, "Only moves into this tier")->type_name("TIER");
  command->add_option("--user", options->user, "Only moves of this user");
  command->add_option("--after", options->after, "Only moves after this one: the number a line begins with")
      ->check(CLI::NonNegativeNumber);
  command->add_option("--limit", options->limit, "End after so many")->check(CLI::PositiveNumber);
  command->add_flag("--first", options->has_first_tiers, "Also those by which users got their first tier");
  command->add_flag("--follow", options->follows, "Go on with new ones until Ctrl-C");
  command->add_flag("--json", options->is_json, "One JSON object a line");
  command->footer(
      "A program reads on where it ended with --after and the last number it saw.\n"
      "\n"
      "Examples:\n"
      "  tierwise tiers movers value --since 2026-03-01 --to-tier head\n"
      "  tierwise tiers movers value --follow --json\n");
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Movers(*options, invocation); }; });
}

}  // namespace tierwise
