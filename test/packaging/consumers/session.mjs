// A user of hapwire who writes ECMAScript modules, and imports each name.
import { engineInfo, EventedHTTPServer, FrameOpener, FrameSealer } from "hapwire";

import { converse } from "./converse.cjs";

const session = await converse({ engineInfo, EventedHTTPServer, FrameOpener, FrameSealer });
console.log(JSON.stringify(session));
