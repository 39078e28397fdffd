import SwiftletHost

extension Language {
  static let cTemplate = #"""
    // Greets whoever the request names. The request is a JSON object, {"name": "Ada"}, or just the name; the answer is a JSON object.

    #include <stdio.h>
    #include <string.h>

    static char request[1 << 20];

    // What is between the quotes of the member `name` of a JSON object, where that is a string; NULL otherwise. Escapes stay as they are,
    // since it goes into JSON again. It looks for the member and checks nothing else.
    static const char *member(const char *object, const char *name, size_t *length) {
      const char *last = "";
      size_t last_length = 0;
      int depth = 0, wanted = 0;
      for (const char *at = object; *at; at++) {
        if (*at == '{' || *at == '[') depth++, wanted = 0;
        else if (*at == '}' || *at == ']') depth--;
        else if (*at == ',') wanted = 0;
        else if (*at == ':') wanted = depth == 1 && last_length == strlen(name) && memcmp(last, name, last_length) == 0;
        else if (*at == '"') {
          last = ++at;
          while (*at && *at != '"') at += at[0] == '\\' && at[1] ? 2 : 1;
          if (!*at) return NULL;
          last_length = (size_t)(at - last);
          if (wanted) {
            *length = last_length;
            return last;
          }
        }
      }
      return NULL;
    }

    // Text as it may stand in a JSON string: control characters become blanks.
    static void write_escaped(const char *text, size_t length) {
      for (size_t index = 0; index < length; index++) {
        unsigned char byte = (unsigned char)text[index];
        if (byte == '"' || byte == '\\') putchar('\\');
        putchar(byte < 0x20 ? ' ' : byte);
      }
    }

    int main(void) {
      size_t length = fread(request, 1, sizeof request - 1, stdin);
      while (length > 0 && (unsigned char)request[length - 1] <= ' ') length--;
      request[length] = 0;
      const char *start = request;
      while (*start && (unsigned char)*start <= ' ') start++;
      length -= (size_t)(start - request);

      printf("{\"greeting\":\"Hello, ");
      if (*start == '{') {
        const char *name = member(start, "name", &length);
        if (name) fwrite(name, 1, length, stdout);
        else printf("world");
      } else if (length > 0) {
        write_escaped(start, length);
      } else {
        printf("world");
      }
      printf("!\"}\n");
      return 0;
    }

    """#
}
