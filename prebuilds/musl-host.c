// Loads an addon under musl, as Node does: `musl-host FILE`. No Node for musl is at hand, so musl.mjs adds a stub for each
// function of Node and OpenSSL that the addon needs. A stub does nothing and returns 0, which is napi_ok.
#include <dlfcn.h>
#include <stddef.h>
#include <stdio.h>

// The functions whose arguments or results the addon, or this program, looks at.
const char *OpenSSL_version(int which) {
  (void)which;
  return "a stub";
}

static int classes = 0;
int napi_define_class(void *env, const char *name) {
  (void)env;
  printf("%s%s", classes++ == 0 ? "" : ", ", name);
  return 0;
}

static void *symbol(void *addon, const char *name) {
  void *address = dlsym(addon, name);
  if (address == NULL) fprintf(stderr, "%s\n", dlerror());
  return address;
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  void *addon = dlopen(arguments[1], RTLD_LAZY);
  if (addon == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  int (*version)(void) = (int (*)(void))symbol(addon, "node_api_module_get_api_version_v1");
  void *(*load)(void *, void *) = (void *(*)(void *, void *))symbol(addon, "napi_register_module_v1");
  if (version == NULL || load == NULL) return 1;
  char env = 0;
  char exports = 0;
  void *result = load(&env, &exports);
  printf(" registered, Node-API %d\n", version());
  // Unloading runs the addon's destructors, as at the end of a worker thread.
  return result == &exports && dlclose(addon) == 0 ? 0 : 1;
}
