// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/support/message_allocator.h>

#include <cstddef>

namespace tierwise {

// Puts the messages of each call on an arena of the call's own: the thousands of strings of a batch are allocated in
// few blocks, and freed with them. Thread-safe.
template <typename Request, typename Response>
class ArenaMessages final : public grpc::MessageAllocator<Request, Response> {
 public:
  grpc::MessageHolder<Request, Response>* AllocateMessages() override { return new Call; }

 private:
  class Call final : public grpc::MessageHolder<Request, Response> {
   public:
    Call() : arena_(Options()) {
      this->set_request(google::protobuf::Arena::CreateMessage<Request>(&arena_));
      this->set_response(google::protobuf::Arena::CreateMessage<Response>(&arena_));
    }
    void Release() override { delete this; }

   private:
    // A batch of 1,000 users is some 100 KiB in memory.
    static google::protobuf::ArenaOptions Options() {
      google::protobuf::ArenaOptions options;
      options.start_block_size = size_t{16} << 10;
      options.max_block_size = size_t{256} << 10;
      return options;
    }

    google::protobuf::Arena arena_;
  };
};

}  // namespace tierwise
