#include "sandbox/signer.h"

#include <gtest/gtest.h>

#include "avstage/error.h"
#include "base/atomic_file.h"
#include "support/temp_dir.h"

namespace avstage::sandbox {
namespace {

std::string hex(const std::array<std::uint8_t, 32>& bytes) {
  constexpr const char* kDigits = "0123456789abcdef";
  std::string out;
  for (std::uint8_t b : bytes) out += {kDigits[b >> 4], kDigits[b & 15]};
  return out;
}

TEST(Signer, HmacAgreesWithTheVectorsOfRfc4231) {
  EXPECT_EQ(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(
      hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(Signer, Base64IsUrlSafeAndWithoutPadding) {
  std::array<std::uint8_t, 32> bytes{};
  bytes.fill(0xFF);
  EXPECT_EQ(base64url(bytes), std::string(42, '_') + "8");
  bytes.fill(0xFB);
  EXPECT_EQ(base64url(bytes).substr(0, 4), "-_v7");
  EXPECT_EQ(base64url(bytes).size(), 43U);
}

class SignedPath : public testing::Test {
 protected:
  bool check(std::string path, std::string expires, std::string signature, std::string pair,
             std::int64_t now) {
    return signer_.check(path, expires, signature, pair, now);
  }
  std::string part(const std::string& name) const {
    std::size_t at = link_.find(name + "=") + name.size() + 1;
    return link_.substr(at, link_.find('&', at) - at);
  }
  avstage::test::TempDir dir_;
  Signer signer_{dir_ / "secret"};
  std::string link_ = signer_.sign("/files/a.mp4", 1000);
};

TEST_F(SignedPath, IsAcceptedUntilItExpires) {
  EXPECT_TRUE(check("/files/a.mp4", "1000", part("Signature"), part("Key-Pair-Id"), 999));
  EXPECT_FALSE(check("/files/a.mp4", "1000", part("Signature"), part("Key-Pair-Id"), 1000));
}

TEST_F(SignedPath, IsRefusedWhenAnyPartWasChanged) {
  EXPECT_FALSE(check("/files/b.mp4", "1000", part("Signature"), part("Key-Pair-Id"), 1));
  EXPECT_FALSE(check("/files/a.mp4", "1001", part("Signature"), part("Key-Pair-Id"), 1));
  std::string forged = part("Signature");
  forged[0] = forged[0] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(check("/files/a.mp4", "1000", forged, part("Key-Pair-Id"), 1));
  EXPECT_FALSE(check("/files/a.mp4", "1000", "", part("Key-Pair-Id"), 1));
  EXPECT_FALSE(check("/files/a.mp4", "1000", part("Signature"), "K1", 1));
}

TEST_F(SignedPath, IsStillAcceptedAfterTheSecretWasReadBack) {
  Signer again(dir_ / "secret");
  EXPECT_EQ(again.sign("/files/a.mp4", 1000), link_);
  EXPECT_EQ(again.folder_name(), signer_.folder_name());
}

TEST_F(SignedPath, DiffersFromFolderToFolder) {
  Signer other(dir_ / "other");
  EXPECT_NE(other.sign("/files/a.mp4", 1000), link_);
}

TEST_F(SignedPath, ADamagedSecretIsAnErrorThatNamesTheFile) {
  write_file_atomically(dir_ / "secret", "zz");
  try {
    Signer broken(dir_ / "secret");
    FAIL() << "no error";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), ErrorCode::local);
    EXPECT_NE(e.message().find("secret: not a secret"), std::string::npos) << e.message();
  }
}

}  // namespace
}  // namespace avstage::sandbox
