// SPDX-License-Identifier: Apache-2.0
#include "server/services/actor.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace tierwise {

std::string ActorOf(const grpc::ServerContext& context) {
  constexpr size_t kMaxActorBytes = 200;
  const auto it = context.client_metadata().find("tierwise-actor");
  if (it == context.client_metadata().end()) return "anonymous";
  std::string actor(it->second.data(), std::min<size_t>(it->second.size(), kMaxActorBytes));
  std::replace_if(
      actor.begin(), actor.end(), [](char c) { return !absl::ascii_isprint(static_cast<unsigned char>(c)); }, '?');
  return actor.empty() ? "anonymous" : actor;
}

}  // namespace tierwise
