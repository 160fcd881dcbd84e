"use strict";

// A user of hapwire who writes CommonJS.

const { converse } = require("./converse.cjs");

converse(require("hapwire")).then((session) => console.log(JSON.stringify(session)));
