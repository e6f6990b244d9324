#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <optional>
#include <string>

#include "net/client.h"

namespace avstage::net {

constexpr const char* kKey = "canary-key-0123456789";

/// A download that is waited for.
class Download : public TransferHandler {
 public:
  Download(Client& client, const std::string& url, std::uint64_t from = 0,
           std::optional<std::uint64_t> to = std::nullopt)
      : client_(client), id_(client.download(url, from, to, *this)) {}
  ~Download() override { cancel(); }

  bool on_headers(const Response& head) noexcept override {
    status = head.status;
    return true;
  }
  bool on_data(std::span<const std::byte> data) noexcept override {
    body.append(reinterpret_cast<const char*>(data.data()), data.size());
    return true;
  }
  void on_done(std::exception_ptr end) noexcept override { done_.set_value(end); }

  void cancel() { client_.cancel(id_); }
  /// Throws what the transfer ended with.
  void wait() {
    auto end = done_.get_future();
    ASSERT_EQ(end.wait_for(std::chrono::seconds(20)), std::future_status::ready);
    if (std::exception_ptr error = end.get()) std::rethrow_exception(error);
  }

  long status = 0;
  std::string body;

 private:
  std::promise<std::exception_ptr> done_;
  Client& client_;
  std::uint64_t id_;
};

/// What `work` threw; nullopt when it did not.
template <typename Work>
std::optional<Error> error_of(Work work) {
  try {
    work();
    return std::nullopt;
  } catch (const Error& error) {
    return error;
  }
}

class ClientTest : public testing::Test {
 protected:
  Client client{{.allow_http = true}};
};

}  // namespace avstage::net
