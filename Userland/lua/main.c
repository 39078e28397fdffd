/* Lua as an action: runs the script that is compiled in, then calls the function that it returned with the request's body.
 *
 * All that does not depend on the request is done before the first read of standard input. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

/* The script's text, from the file that the build names. */
__asm__(".pushsection .rodata\n"
        "script: .incbin \"" SCRIPT "\"\n"
        "script_end: .byte 0\n"
        ".popsection\n");
extern const char script[], script_end[];

/* All of the standard libraries but `package`: there are no files to load from. */
static const luaL_Reg libraries[] = {
    {LUA_GNAME, luaopen_base},          {LUA_COLIBNAME, luaopen_coroutine}, {LUA_TABLIBNAME, luaopen_table},
    {LUA_IOLIBNAME, luaopen_io},        {LUA_OSLIBNAME, luaopen_os},        {LUA_STRLIBNAME, luaopen_string},
    {LUA_UTF8LIBNAME, luaopen_utf8},    {LUA_MATHLIBNAME, luaopen_math},    {LUA_DBLIBNAME, luaopen_debug},
};

static int with_traceback(lua_State *lua) {
    luaL_traceback(lua, lua, luaL_tolstring(lua, 1, NULL), 1);
    return 1;
}

/* Opens the libraries and runs the script: its function is left on the stack. */
static int start(lua_State *lua) {
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
        luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
        lua_pop(lua, 1);
    }
    if (luaL_loadbuffer(lua, script, (size_t)(script_end - script), "=script.lua") != LUA_OK) return lua_error(lua);
    lua_call(lua, 0, 1);
    if (!lua_isfunction(lua, -1)) return luaL_error(lua, "the script has to return the function that answers a request");
    return 1;
}

/* Reads the request's body onto the stack. */
static void push_body(lua_State *lua) {
    static char part[65536];
    luaL_Buffer body;
    luaL_buffinit(lua, &body);
    ssize_t count;
    while ((count = read(STDIN_FILENO, part, sizeof part)) > 0) luaL_addlstring(&body, part, (size_t)count);
    if (count < 0) luaL_error(lua, "cannot read the request: %s", strerror(errno));
    luaL_pushresult(&body);
}

/* Seeds math.random anew: where the kernel starts each request from a snapshot of the interpreter, it would otherwise
 * give every request the same numbers. */
static void seed(lua_State *lua) {
    lua_Integer seeds[2];
    if (getrandom(seeds, sizeof seeds, 0) != sizeof seeds) luaL_error(lua, "no random numbers");
    lua_getglobal(lua, "math");
    lua_getfield(lua, -1, "randomseed");
    lua_pushinteger(lua, seeds[0]);
    lua_pushinteger(lua, seeds[1]);
    lua_call(lua, 2, 0);
    lua_pop(lua, 1);
}

/* Answers one request with the function at index 1. */
static int answer(lua_State *lua) {
    push_body(lua);
    seed(lua);
    lua_call(lua, 1, 1);
    size_t length = 0;
    const char *response = lua_isnil(lua, -1) ? "" : luaL_tolstring(lua, -1, &length);
    if (fwrite(response, 1, length, stdout) != length || fflush(stdout) != 0) {
        return luaL_error(lua, "cannot write the response: %s", strerror(errno));
    }
    return 0;
}

/* Calls the function below its arguments on the stack; nonzero, and a message on standard error, where that fails. */
static int failed(lua_State *lua, int arguments, int results) {
    lua_pushcfunction(lua, with_traceback);
    lua_insert(lua, 1);
    if (lua_pcall(lua, arguments, results, 1) != LUA_OK) {
        fprintf(stderr, "%s\n", lua_tostring(lua, -1));
        return 1;
    }
    lua_remove(lua, 1);
    return 0;
}

int main(void) {
    lua_State *lua = luaL_newstate();
    if (lua == NULL) {
        fputs("memory is out\n", stderr);
        return 1;
    }
    lua_pushcfunction(lua, start);
    if (failed(lua, 0, 1)) return 1;
    lua_pushcfunction(lua, answer);
    lua_insert(lua, 1);
    return failed(lua, 1, 0);
}
