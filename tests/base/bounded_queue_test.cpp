#include "base/bounded_queue.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <thread>

namespace avstage {
namespace {

TEST(BoundedQueue, KeepsOrderAcrossThreads) {
  BoundedQueue<int> queue(3);
  std::jthread producer([&] {
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(queue.push(i));
    queue.close();
  });
  for (int i = 0; i < 10'000; ++i) ASSERT_EQ(queue.pop(), i);
  EXPECT_EQ(queue.pop(), std::nullopt);
}

TEST(BoundedQueue, AFullQueueMakesTheProducerWait) {
  BoundedQueue<int> queue(2);
  std::atomic<int> pushed = 0;
  std::jthread producer([&] {
    while (queue.push(1)) ++pushed;
  });
  while (pushed < 2) std::this_thread::yield();
  EXPECT_EQ(queue.pop(), 1);
  while (pushed < 3) std::this_thread::yield();
  queue.close();
  producer.join();
  EXPECT_EQ(pushed, 3);
}

TEST(BoundedQueue, ValuesBeforeTheCloseAreStillTaken) {
  BoundedQueue<std::unique_ptr<int>> queue(4);
  queue.push(std::make_unique<int>(7));
  queue.close();
  EXPECT_FALSE(queue.push(std::make_unique<int>(8)));
  auto value = queue.pop();
  ASSERT_TRUE(value);
  EXPECT_EQ(**value, 7);
  EXPECT_FALSE(queue.pop());
}

TEST(BoundedQueue, AnErrorReachesBothEnds) {
  BoundedQueue<int> queue(4);
  queue.push(1);
  queue.close(std::make_exception_ptr(std::runtime_error("torn")));
  queue.close();
  EXPECT_THROW(queue.push(2), std::runtime_error);
  EXPECT_EQ(queue.pop(), 1);
  EXPECT_THROW(queue.pop(), std::runtime_error);
}

TEST(BoundedQueue, AnErrorWakesAWaitingReaderAndAWaitingWriter) {
  BoundedQueue<int> empty(1), full(1);
  full.push(1);
  std::jthread reader([&] { EXPECT_THROW(empty.pop(), std::runtime_error); });
  std::jthread writer([&] { EXPECT_THROW(full.push(2), std::runtime_error); });
  auto error = std::make_exception_ptr(std::runtime_error("torn"));
  empty.close(error);
  full.close(error);
}

TEST(BoundedQueue, AStopRequestWakesTheReader) {
  BoundedQueue<int> queue(1);
  std::jthread reader([&](std::stop_token stop) { EXPECT_EQ(queue.pop(stop), std::nullopt); });
  reader.request_stop();
}

}  // namespace
}  // namespace avstage
