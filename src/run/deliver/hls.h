#pragma once

#include <functional>
#include <string>

#include "plan/resolve.h"
#include "run/clips/session.h"
#include "run/deliver/hls_package.h"

/// The deliverable of many files. Beside the multivariant playlist NAME.m3u8 stands a folder, its edition
/// NAME-HASH, with everything it points to. Another film has another hash: a new edition is complete on the
/// disk before the playlist is replaced, which is one rename; what the old one pointed to goes after that.
namespace avstage::run {

/// The key of what output `index` of the job belongs to: its own, or that of all renditions of its stream.
/// Empty until all media are known.
std::string deliverable_key(const Job& job, const plan::RenderPlan& render, std::size_t index);
/// True for every output but the second and further renditions of a stream.
bool begins_deliverable(const Job& job, std::size_t index);

struct HlsFiles {
  std::string sha256;  ///< over the content of all files and the names of those in the edition
  std::uint64_t bytes = 0;
  int files = 0;
};
/// Of a playlist with this text and of the edition in the folder `edition`. Error{input}.
HlsFiles hls_files(Session& session, const std::string& playlist_text, const std::string& edition);
/// Of the stream at `playlist`; what is missing is not counted.
HlsFiles hls_files_at(Session& session, const std::string& playlist, const std::string& folder);

/// Removes what no playlist points to: editions other than `current`, of an earlier film or of killed runs.
void remove_other_editions(const std::string& playlist, const std::string& current);

/// Makes and proves an edition, then publishes: the edition, then what `before_playlist(folder)` writes (the
/// manifest, and what lies beside), then the playlist. Error{proof}, Error{local}, Error{interrupted}: the
/// playlist is as it was, and all it points to.
void publish_hls(const HlsStream& stream, const std::string& key,
                 const std::function<void(const std::string& folder, const HlsFiles&)>& before_playlist,
                 const std::stop_token& stop, Session& session);

}  // namespace avstage::run
