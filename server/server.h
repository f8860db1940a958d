// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "server/options.h"

namespace tierwise {

// A running server: an open store, the services over it, a port. Thread-safe.
class Server {
 public:
  // Opens the store and serves. Unavailable if the port can't be had; otherwise the errors of OpenStore.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const ServerOptions& options);

  // Stops if Stop was not called.
  ~Server();

  // The port that was taken.
  int port() const;

  // Health to NOT_SERVING, calls under way get `shutdown_grace`, then the store is flushed and closed. Idempotent.
  void Stop();

 private:
  class Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace tierwise
