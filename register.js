// The preload by its short name, which works as a path too: `--require …/node_modules/hapwire/register.js`.
"use strict";
require("./dist/homebridge/register.js");
