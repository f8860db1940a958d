// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <iterator>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "client/cli/server_reflection.h"
#include "client/cli/yaml_documents.h"
#include "experiments/base/status_macros.h"

namespace tierwise {
namespace {

constexpr char kExamples[] =
    "Requests and answers are in protobuf's JSON. A method that takes a stream takes several JSON values, one after "
    "the other.\n"
    "\n"
    "Examples:\n"
    "  tierwise call --list\n"
    "  tierwise call --describe AssignmentService/Explain\n"
    "  tierwise call CatalogService/ListDefinitions '{\"collection\": \"campaigns\"}'\n"
    "  tierwise call EventService/RecordEvents - < events.json\n";

struct CallOptions {
  std::string method;
  std::string json;
  std::string describe;
  bool is_list = false;
};

absl::Status List(ServerReflection& reflection, Terminal& terminal) {
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::string> services, reflection.Services());
  for (const std::string& name : services) {
    terminal.out << Styled(terminal.out_has_color, Style::kBold, name) << '\n';
    const auto service = reflection.FindService(name);
    if (!service.ok()) continue;  // served, but not described: gRPC's own health service is so
    for (int i = 0; i < (*service)->method_count(); ++i) {
      const auto* method = (*service)->method(i);
      terminal.out << "  " << method->name() << '(' << (method->client_streaming() ? "stream " : "")
                   << method->input_type()->name() << ") -> " << (method->server_streaming() ? "stream " : "")
                   << method->output_type()->name() << '\n';
    }
  }
  return absl::OkStatus();
}

// Parts a text into its JSON values; an empty text is one empty object.
absl::StatusOr<std::vector<std::string>> SplitJson(const std::string& text) {
  std::vector<std::string> values;
  auto at = text.begin();
  const auto is_blank = [](char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; };
  while (true) {
    at = std::find_if_not(at, text.end(), is_blank);
    if (at == text.end()) break;
    if (*at != '{') return absl::InvalidArgumentError("a request must be a JSON object, e.g. '{\"user_id\": \"u1\"}'");
    // The end of an object is where its braces are even outside of strings.
    const auto begin = at;
    int depth = 0;
    bool is_inside_string = false;
    for (; at != text.end(); ++at) {
      if (is_inside_string) {
        if (*at == '\\' && at + 1 != text.end())
          ++at;
        else if (*at == '"')
          is_inside_string = false;
      } else if (*at == '"') {
        is_inside_string = true;
      } else if (*at == '{') {
        ++depth;
      } else if (*at == '}' && --depth == 0) {
        ++at;
        break;
      }
    }
    values.emplace_back(begin, at);
  }
  if (values.empty()) values.push_back("{}");
  return values;
}

absl::StatusOr<std::string> TextOfRequest(const CallOptions& options, Terminal& terminal) {
  if (options.json == "-") return std::string(std::istreambuf_iterator<char>(terminal.in), {});
  if (!options.json.empty() && options.json[0] == '@') return ReadSmallFile(options.json.substr(1));
  return options.json;
}

absl::Status PrintAnswer(const google::protobuf::Message& answer, std::ostream& out) {
  google::protobuf::util::JsonPrintOptions print;
  print.add_whitespace = true;
  print.always_print_primitive_fields = true;
  print.preserve_proto_field_names = true;
  std::string json;
  if (const auto status = google::protobuf::util::MessageToJsonString(answer, &json, print); !status.ok()) {
    return absl::InternalError(absl::StrCat("the answer has no JSON form: ", std::string(status.message())));
  }
  out << json;
  return absl::OkStatus();
}

absl::Status CallMethod(const CallOptions& options, const Connection& connection, ServerReflection& reflection,
                        Terminal& terminal) {
  TIERWISE_ASSIGN_OR_RETURN(const auto* method, reflection.FindMethod(options.method));
  TIERWISE_ASSIGN_OR_RETURN(const std::string text, TextOfRequest(options, terminal));
  TIERWISE_ASSIGN_OR_RETURN(const std::vector<std::string> values, SplitJson(text));
  if (values.size() > 1 && !method->client_streaming()) {
    return absl::InvalidArgumentError(absl::StrCat(method->name(), " takes one request, not ", values.size()));
  }
  std::vector<std::string> requests;
  for (const std::string& value : values) {
    const auto request = reflection.NewMessage(method->input_type());
    const auto status = google::protobuf::util::JsonStringToMessage(value, request.get());
    if (!status.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("not a ", method->input_type()->name(), ": ",
                                                     std::string(status.message()), " (--describe ", options.method,
                                                     " shows its fields)"));
    }
    requests.push_back(request->SerializeAsString());
  }
  reflection.LearnErrorDetails();
  const std::string path = absl::StrCat("/", method->service()->full_name(), "/", method->name());
  return connection.Stream(path, requests, [&](absl::string_view bytes) -> absl::Status {
    const auto answer = reflection.NewMessage(method->output_type());
    if (!answer->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      return absl::InternalError(absl::StrCat("the answer is not a ", method->output_type()->name()));
    }
    return PrintAnswer(*answer, terminal.out);
  });
}

absl::StatusOr<ExitCode> Call(const CallOptions& options, const Invocation& invocation) {
  const Connection connection(invocation.connection);
  ServerReflection reflection(connection);
  if (options.is_list) {
    TIERWISE_RETURN_IF_ERROR(List(reflection, invocation.terminal));
  } else if (!options.describe.empty()) {
    TIERWISE_ASSIGN_OR_RETURN(const std::string text, reflection.Describe(options.describe));
    invocation.terminal.out << text;
  } else if (options.method.empty()) {
    return absl::InvalidArgumentError("name a method, e.g. CatalogService/ListDefinitions; --list shows all");
  } else {
    TIERWISE_RETURN_IF_ERROR(CallMethod(options, connection, reflection, invocation.terminal));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddCallCommand(CLI::App& app, Invocation& invocation) {
  auto options = std::make_shared<CallOptions>();
  CLI::App* command = app.add_subcommand("call", "Call any method of the server with JSON");
  command->add_option("METHOD", options->method, "SERVICE/METHOD; the service's package may be left out");
  command->add_option("JSON", options->json, "The request; - reads standard input, @FILE a file; default {}");
  command->add_flag("--list", options->is_list, "List services and methods");
  command->add_option("--describe", options->describe, "Show a service, method, message or enum")->type_name("NAME");
  command->footer(kExamples);
  command->callback(
      [options, &invocation] { invocation.action = [options, &invocation] { return Call(*options, invocation); }; });
}

}  // namespace tierwise
