#include "base/sha256.h"

#include <gtest/gtest.h>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "support/temp_dir.h"

namespace avstage {
namespace {

TEST(Sha256, AnswersTheStandardsVectors) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotDependOnHowTheTextIsCut) {
  std::string text;
  for (int i = 0; i < 200; ++i) text += static_cast<char>(i);
  for (std::size_t length = 0; length <= text.size(); ++length) {
    Sha256 sha;
    sha.update(std::string_view(text).substr(0, length));
    sha.update(std::string_view(text).substr(length));
    ASSERT_EQ(sha.hex(), sha256_hex(text)) << length;
  }
}

TEST(Sha256, OfAFileIsThatOfItsBytes) {
  test::TempDir dir;
  std::string content(300'000, '\0');
  write_file_atomically(dir / "f", content);
  EXPECT_EQ(sha256_file(dir / "f"), sha256_hex(content));
  try {
    sha256_file(dir / "absent");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::input);
  }
}

}  // namespace
}  // namespace avstage
