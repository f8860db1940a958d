// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "client/cli/command.h"
#include "experiments/audience/tier_templates.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Examples:\n"
    "  source <(tierwise completion bash)                                   in ~/.bashrc\n"
    "  tierwise completion zsh > ~/.zfunc/_tierwise                         with fpath+=~/.zfunc before compinit\n"
    "  tierwise completion fish > ~/.config/fish/completions/tierwise.fish\n";

// A verb and what may follow it, as the command's own help has it. One verb of another has both names, "tiers show".
struct Verb {
  std::string name;
  std::string description;
  std::vector<std::string> options;  // "--json"
  std::string collection;            // of the definitions whose ids it takes; empty: none
  std::vector<std::string> words;    // first words that it takes
};

std::vector<std::string> LongOptions(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back(absl::StrCat("--", name));
  }
  for (const CLI::App* group : app.get_subcommands([](const CLI::App* sub) { return sub->get_name().empty(); })) {
    const std::vector<std::string> more = LongOptions(*group);
    names.insert(names.end(), more.begin(), more.end());
  }
  return names;
}

std::vector<std::string> NamesOfVerbs(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_name().empty()) names.push_back(command->get_name());
  }
  return names;
}

// What stands in a verb's help for the id of a definition.
std::string CollectionOf(const CLI::App& command) {
  static constexpr struct {
    const char* argument;
    const char* collection;
  } kArguments[] = {{"CAMPAIGN", "campaigns"}, {"TIERING", "tierings"}, {"ATTRIBUTE", "attributes"}};
  for (const auto& [argument, collection] : kArguments) {
    if (command.get_option_no_throw(argument) != nullptr) return collection;
  }
  return "";
}

// All verbs, those of a verb after it.
std::vector<Verb> VerbsOf(const CLI::App& app, const std::string& prefix = "") {
  std::vector<Verb> verbs;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (command->get_name().empty()) continue;  // a group of options
    Verb verb;
    verb.name = absl::StrCat(prefix, command->get_name());
    verb.description = command->get_description();
    verb.options = LongOptions(*command);
    verb.collection = CollectionOf(*command);
    verb.words = NamesOfVerbs(*command);
    if (verb.name == "import") verb.words = {"exposures", "events", "profiles"};
    if (verb.name == "completion") verb.words = {"bash", "zsh", "fish"};
    if (verb.name == "tiers template") verb.words = {std::begin(kTierTemplates), std::end(kTierTemplates)};
    if (verb.name == "list" || verb.name == "export") {
      verb.words = {"attributes", "segments", "tierings", "metrics", "layers", "holdouts", "campaigns"};
    }
    verbs.push_back(verb);
    std::vector<Verb> nested = VerbsOf(*command, absl::StrCat(verb.name, " "));
    verbs.insert(verbs.end(), std::make_move_iterator(nested.begin()), std::make_move_iterator(nested.end()));
  }
  return verbs;
}

bool IsNested(const Verb& verb) { return absl::StrContains(verb.name, ' '); }

// Patterns of a shell's `case`.
std::string Patterns(const std::vector<Verb>& verbs) {
  return absl::StrJoin(verbs, "|",
                       [](std::string* out, const Verb& verb) { absl::StrAppend(out, "'", verb.name, "'"); });
}

std::string FirstWords(const std::vector<Verb>& verbs) {
  std::vector<std::string> names;
  for (const Verb& verb : verbs) {
    if (!IsNested(verb)) names.push_back(verb.name);
  }
  return absl::StrJoin(names, " ");
}

// Where a verb takes a definition, the shell asks the server for the ids; nothing is offered where it does not answer
// at once.
constexpr char kDefinitions[] = "tierwise list --names --timeout 1s 2>/dev/null";

std::string WordsCommand(const Verb& verb) {
  if (!verb.collection.empty()) {
    return absl::StrCat("tierwise list ", verb.collection, " --names --timeout 1s 2>/dev/null | sed 's,^",
                        verb.collection, "/,,'");
  }
  if (verb.name == "get" || verb.name == "delete" || verb.name == "history") return kDefinitions;
  return "";
}

std::string Bash(const std::vector<Verb>& verbs, const std::vector<std::string>& global) {
  std::string out = absl::StrCat(
      "# bash completion for tierwise\n"
      "_tierwise() {\n"
      "  local word=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"\" i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case \"${verb:+$verb }${COMP_WORDS[i]}\" in\n"
      "      ",
      Patterns(verbs),
      ") verb=\"${verb:+$verb }${COMP_WORDS[i]}\" ;;\n"
      "    esac\n"
      "  done\n"
      "  local options=\"",
      absl::StrJoin(global, " "),
      "\" words=\"\"\n"
      "  case \"$verb\" in\n"
      "    \"\") words=\"",
      FirstWords(verbs), "\" ;;\n");
  for (const Verb& verb : verbs) {
    const std::string command = WordsCommand(verb);
    absl::StrAppend(
        &out, "    '", verb.name, "') options+=\" ", absl::StrJoin(verb.options, " "), "\"; words=\"",
        command.empty() ? absl::StrJoin(verb.words, " ") : absl::StrCat("$([[ $word == -* ]] || ", command, ")"),
        "\" ;;\n");
  }
  absl::StrAppend(&out,
                  "  esac\n"
                  "  if [[ $word == -* ]]; then\n"
                  "    COMPREPLY=($(compgen -W \"$options\" -- \"$word\"))\n"
                  "  else\n"
                  "    COMPREPLY=($(compgen -W \"$words\" -- \"$word\") $(compgen -f -- \"$word\"))\n"
                  "  fi\n"
                  "}\n"
                  "complete -o filenames -F _tierwise tierwise\n");
  return out;
}

std::string Quoted(const std::string& text) { return absl::StrReplaceAll(text, {{"'", "'\\''"}}); }

std::string Zsh(const std::vector<Verb>& verbs, const std::vector<std::string>& global) {
  std::string out =
      "#compdef tierwise\n"
      "_tierwise() {\n"
      "  local -a verbs options names\n"
      "  verbs=(\n";
  for (const Verb& verb : verbs) {
    if (IsNested(verb)) continue;
    absl::StrAppend(&out, "    '", verb.name, ":", Quoted(absl::StrReplaceAll(verb.description, {{":", "\\:"}})),
                    "'\n");
  }
  absl::StrAppend(&out, "  )\n  options=(", absl::StrJoin(global, " "),
                  ")\n"
                  "  local -a given=(${words[2,CURRENT-1]:#-*})\n"
                  "  local verb=$given[1]\n"
                  "  case \"$given[1] $given[2]\" in ",
                  Patterns(verbs),
                  ") verb=\"$given[1] $given[2]\" ;; esac\n"
                  "  case \"$verb\" in\n"
                  "    '') [[ $PREFIX == -* ]] || { _describe verb verbs; return } ;;\n");
  for (const Verb& verb : verbs) {
    const std::string command = WordsCommand(verb);
    absl::StrAppend(
        &out, "    '", verb.name, "') options+=(", absl::StrJoin(verb.options, " "), "); names=(",
        command.empty() ? absl::StrJoin(verb.words, " ") : absl::StrCat("$([[ $PREFIX == -* ]] || ", command, ")"),
        ") ;;\n");
  }
  absl::StrAppend(&out,
                  "  esac\n"
                  "  if [[ $PREFIX == -* ]]; then compadd -- $options; else compadd -- $names; _files; fi\n"
                  "}\n"
                  "compdef _tierwise tierwise\n");
  return out;
}

std::string Escaped(const std::string& text) { return absl::StrReplaceAll(text, {{"'", "\\'"}}); }

std::string Fish(const std::vector<Verb>& verbs, const std::vector<std::string>& global) {
  std::string out = "# fish completion for tierwise\n";
  const auto add_option = [&out](const std::string& condition, const std::string& option) {
    absl::StrAppend(&out, "complete -c tierwise", condition, " -l ", option.substr(2), "\n");
  };
  for (const std::string& option : global) add_option("", option);
  std::map<std::string, std::string> siblings;  // of the verbs of a verb: their names
  for (const Verb& verb : verbs) {
    const std::pair<std::string, std::string> names = absl::StrSplit(verb.name, absl::MaxSplits(' ', 1));
    if (!names.second.empty()) absl::StrAppend(&siblings[names.first], names.second, " ");
  }
  for (const Verb& verb : verbs) {
    const size_t space = verb.name.find(' ');
    const std::string first = verb.name.substr(0, space), last = verb.name.substr(space + 1);
    std::string condition = absl::StrCat(" -n '__fish_seen_subcommand_from ", first, "'");
    if (IsNested(verb)) {
      absl::StrAppend(&out, "complete -c tierwise -n '__fish_seen_subcommand_from ", first,
                      "; and not __fish_seen_subcommand_from ", siblings[first], "' -f -a ", last, " -d '",
                      Escaped(verb.description), "'\n");
      condition =
          absl::StrCat(" -n '__fish_seen_subcommand_from ", first, "; and __fish_seen_subcommand_from ", last, "'");
    } else {
      absl::StrAppend(&out, "complete -c tierwise -n __fish_use_subcommand -f -a ", verb.name, " -d '",
                      Escaped(verb.description), "'\n");
    }
    for (const std::string& option : verb.options) add_option(condition, option);
    const std::string command = WordsCommand(verb);
    if (!command.empty()) {
      absl::StrAppend(&out, "complete -c tierwise", condition, " -f -a \"(", command, ")\"\n");
    } else if (!verb.words.empty() && !siblings.contains(verb.name)) {
      absl::StrAppend(&out, "complete -c tierwise", condition, " -f -a '", absl::StrJoin(verb.words, " "), "'\n");
    }
  }
  return out;
}

}  // namespace

void AddCompletionCommand(CLI::App& app, Invocation& invocation) {
  auto shell = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("completion", "Print a completion script for a shell");
  command->add_option("SHELL", *shell, "bash, zsh or fish")->required()->check(CLI::IsMember({"bash", "zsh", "fish"}));
  command->footer(kExamples);
  command->callback([shell, &app, &invocation] {
    const std::vector<Verb> verbs = VerbsOf(app);
    const std::vector<std::string> global = LongOptions(app);
    const std::string script = *shell == "bash"  ? Bash(verbs, global)
                               : *shell == "zsh" ? Zsh(verbs, global)
                                                 : Fish(verbs, global);
    invocation.action = [script, &invocation]() -> absl::StatusOr<ExitCode> {
      invocation.terminal.out << script;
      return ExitCode::kOk;
    };
  });
}

}  // namespace tierwise
