#include <gmock/gmock.h>
#include <sys/stat.h>

#include <fstream>

#include "base/atomic_file.h"
#include "ledger/bench.h"
#include "ledger/open.h"
#include "ledger/sqlite.h"

/// The ledger as a file: what it is, who may read it, and what is refused.
namespace avstage::ledger {
namespace {

using testing::HasSubstr;

TEST_F(LedgerTest, ALedgerOfTheFirstVersionIsTakenOver) {
  begin(*open());
  Database(file()).run("ALTER TABLE clips DROP COLUMN tags; PRAGMA user_version = 1");
  Entry entry = open()->find(realm, "key").value();
  EXPECT_EQ(entry.title, "Hello");
  EXPECT_EQ(entry.tags, "{}");
  EXPECT_EQ(open()->submitting(entry).state, State::submitting);
  EXPECT_EQ(Database(file()).number("PRAGMA user_version"), 2);
}

TEST_F(LedgerTest, IsReadableByItsOwnerAlone) {
  auto ledger = open();
  begin(*ledger);
  auto mode = [](const std::string& path) {
    struct stat facts {};
    EXPECT_EQ(::stat(path.c_str(), &facts), 0) << path;
    return facts.st_mode & 07777;
  };
  EXPECT_EQ(mode(state_), 0700u);
  EXPECT_EQ(mode(file()), 0600u);
  EXPECT_EQ(mode(file() + "-wal"), 0600u);
  ledger.reset();
  ::chmod(file().c_str(), 0644);
  open();
  EXPECT_EQ(mode(file()), 0600u);
}

TEST_F(LedgerTest, WritesAheadAndSyncsFully) {
  open();
  Database database = open_database(state_);
  Statement journal(database, "PRAGMA journal_mode");
  ASSERT_TRUE(journal.step());
  EXPECT_EQ(journal.text(0), "wal");
  EXPECT_EQ(database.number("PRAGMA synchronous"), 2);
}

TEST_F(LedgerTest, ANetworkFileSystemIsRefusedBeforeAnythingIsWritten) {
  const std::vector<std::pair<FileSystem, std::string>> refused{
      {{0x6969, ""}, "NFS"},
      {{0xfe534d42, ""}, "SMB2"},
      {{static_cast<long>(static_cast<std::int32_t>(0xff534d42)), ""}, "CIFS"},
      {{0x01021997, ""}, "9p"},
      {{0x00c36400, ""}, "Ceph"},
      {{0x0bd00bd0, ""}, "Lustre"},
      {{0x65735546, "fuse.sshfs"}, "fuse.sshfs"},
      {{0x65735546, "fuse.glusterfs"}, "fuse.glusterfs"}};
  for (const auto& [kind, name] : refused) {
    Error error = error_of([&, k = kind] { open_on(state_, clock_, [k](const std::string&) { return k; }); });
    EXPECT_EQ(error.code(), ErrorCode::local);
    EXPECT_THAT(error.message(), testing::AllOf(HasSubstr(state_), HasSubstr(name), HasSubstr("--state")));
  }
  EXPECT_TRUE(dir_.files().empty());
  for (const FileSystem& kind :
       {FileSystem{0xef53, ""}, FileSystem{0x65735546, "fuseblk"}, FileSystem{0x01021994, ""}}) {
    EXPECT_NO_THROW(open_on(state_, clock_, [&](const std::string&) { return kind; }));
  }
  EXPECT_EQ(network_name(file_system_of("/proc")), "");
}

TEST_F(LedgerTest, AFileThatIsNoLedgerIsRefusedAndLeftAsItWas) {
  make_directories(state_);
  std::string rubbish(8192, 'x');
  std::ofstream(file()) << rubbish;
  Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::local);
  EXPECT_THAT(error.message(), testing::AllOf(HasSubstr(file()), HasSubstr("damaged or no ledger")));
  EXPECT_EQ(read_file(file()), rubbish);
}

TEST_F(LedgerTest, ADatabaseOfAnotherProgramIsRefused) {
  make_directories(state_);
  std::ofstream(file()).close();
  Database(file()).run("CREATE TABLE theirs (x)");
  EXPECT_THAT(error_of([&] { open(); }).message(), HasSubstr("another program"));
}

TEST_F(LedgerTest, ANewerVersionIsRefused) {
  begin(*open());
  Database(file()).run("PRAGMA user_version = 3");
  Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::local);
  EXPECT_THAT(error.message(), testing::AllOf(HasSubstr("version 3"), HasSubstr("newer avstage")));
}

TEST_F(LedgerTest, ADamagedPageIsFoundAtTheNextOpening) {
  {
    auto ledger = open();
    for (int i = 0; i < 200; ++i) begin(*ledger, "key" + std::to_string(i));
  }
  std::fstream bytes(file(), std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(4096);
  bytes << std::string(4096, '\x5a');
  bytes.close();
  Error error = error_of([&] { open(); });
  EXPECT_EQ(error.code(), ErrorCode::local);
  EXPECT_EQ(error.name(), "ledger_damaged");
}

TEST_F(LedgerTest, AFolderThatCannotBeMadeIsALocalError) {
  std::ofstream(dir_ / "deep") << "a file";
  EXPECT_EQ(error_of([&] { open(); }).code(), ErrorCode::local);
}

}  // namespace
}  // namespace avstage::ledger
