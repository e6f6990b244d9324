#include <fmt/format.h>

#include <map>

#include "sandbox/assets.h"
#include "sandbox/fields.h"
#include "sandbox/orders.h"

namespace avstage::sandbox {
using nlohmann::json;
namespace {

/// What the variables put into the template.
struct Cast {
  std::string character = "presenter of the template", voice = "voice of the template";
  std::optional<Scenery> scenery;
  std::vector<Voice> spoken;  ///< by name
};

void read_variable(const Fields& variable, const std::string& name, Cast& cast) {
  if (variable.text("name") != name) variable.refuse("name", "must be the name it stands under");
  std::string type = variable.text("type");
  Fields properties = variable.object("properties");
  if (type == "text") {
    cast.spoken.push_back({"", properties.text("content")});
  } else if (type == "audio") {
    Voice voice;
    voice.audio = read_asset_id(properties, "url", "asset_id");
    cast.spoken.push_back(voice);
  } else if (type == "image" || type == "video") {
    cast.scenery = Scenery{read_asset_id(properties, "url", "asset_id"), type == "video"};
  } else if (type == "voice") {
    cast.voice = properties.text("voice_id");
  } else if (type == "character") {
    properties.word("type", {"avatar", "talking_photo"}, "avatar");
    cast.character = properties.text("character_id");
  } else {
    variable.refuse("type", "must be one of text, image, video, audio, voice, character");
  }
}

}  // namespace

Order read_template_order(const json& json_body) {
  Fields body(json_body, "");
  Fields variables = body.object("variables");
  Cast cast;
  for (const auto& [name, value] : body.value("variables").items()) {
    read_variable(variables.object(name.c_str()), name, cast);
  }
  if (cast.spoken.empty()) body.refuse("variables", "the template has nothing to say: give it a text");
  Order order;
  for (Voice& voice : cast.spoken) {
    Scene scene;
    scene.avatar_id = cast.character;
    scene.scenery = cast.scenery;
    scene.voice = voice;
    scene.voice.voice_id = cast.voice;
    order.clip.scenes.push_back(scene);
  }
  read_dimension(body, order.clip);
  order.clip.fps = read_fps(body);
  order.test = body.flag("test");
  order.clip.watermark = order.test;
  order.caption = body.flag("caption");
  order.title = body.text_or("title", "");
  order.callback_id = body.text_or("callback_id", "");
  return order;
}

}  // namespace avstage::sandbox
