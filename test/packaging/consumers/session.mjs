// session.cjs, with every name imported as ECMAScript modules do.
import { engineInfo, EventedHTTPServer, FrameOpener, FrameSealer } from "hapwire";

import { converse } from "./session.cjs";

await converse({ engineInfo, EventedHTTPServer, FrameOpener, FrameSealer });
