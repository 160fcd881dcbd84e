{
  "variables": {
    # What to build with for native/test/sanitized.mjs: "address,undefined" or "thread"; "none" in all that ships
    "hapwire_sanitize%": "none",
    # "errors" for contributors: CI and `npm run build:native` set it. A compiler that is newer than this
    # release warns of more, and that must not cost a user the native engine.
    "hapwire_warnings%": "shown"
  },
  "targets": [
    {
      "target_name": "hapwire",
      "sources": [
        "native/binding/addon.cc",
        "native/binding/codec.cc",
        "native/binding/hub.cc",
        "native/binding/message.cc",
        "native/core/aead.cc",
        "native/core/event.cc",
        "native/core/event_hub.cc",
        "native/core/event_queue.cc",
        "native/core/frame_opener.cc",
        "native/core/frame_sealer.cc",
        "native/core/json_writer.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")", "native/core"],
      "defines": [
        "NAPI_VERSION=8",
        "NODE_ADDON_API_DISABLE_CPP_EXCEPTIONS",
        "NODE_ADDON_API_DISABLE_DEPRECATED",
        # In a worker thread that is being terminated nothing can be thrown: without this, to try ends the process.
        "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS"
      ],
      "cflags_cc": [
        "-std=c++17",
        "-O2",
        "-fno-exceptions",
        "-fno-rtti",
        "-fvisibility=hidden",
        "-fstack-protector-strong",
        "-Wall",
        "-Wextra"
      ],
      "conditions": [
        ["hapwire_warnings=='errors'", { "cflags_cc": ["-Werror"] }],
        ["OS=='linux'", { "ldflags": ["-Wl,-z,now", "-Wl,-z,relro"] }],
        [
          "OS=='linux' and hapwire_sanitize=='none'",
          {
            "sources": ["native/binding/cxx_runtime.cc"],
            "cflags_cc": ["-ffunction-sections", "-fdata-sections"],
            "ldflags": [
              "-static-libstdc++",
              "-static-libgcc",
              "-Wl,--gc-sections",
              "-Wl,--build-id=none",
              # From build/, the folder in which the linker runs; an absolute path would break at a space.
              "-Wl,--version-script=../native/binding/exports.map"
            ]
          }
        ],
        # GCC's notes on how 32-bit ARM passed some arguments before GCC 7.
        ["OS=='linux' and target_arch=='arm'", { "cflags_cc": ["-Wno-psabi"] }],
        [
          "hapwire_sanitize!='none'",
          {
            # vptr needs RTTI
            "cflags_cc": [
              "-g",
              "-fsanitize=<(hapwire_sanitize)",
              "-fno-sanitize=vptr",
              "-fno-sanitize-recover=all",
              "-fno-omit-frame-pointer"
            ],
            "ldflags": ["-fsanitize=<(hapwire_sanitize)"]
          }
        ]
      ],
      "xcode_settings": {
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "GCC_ENABLE_CPP_EXCEPTIONS": "NO",
        "GCC_ENABLE_CPP_RTTI": "NO",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "MACOSX_DEPLOYMENT_TARGET": "13.3"
      },
      "msvs_settings": {
        "VCCLCompilerTool": { "AdditionalOptions": ["/std:c++17"] }
      }
    }
  ]
}
