// An answer with a field called __proto__: data, not a prototype.
// ends: success {"__proto__":{"admin":true},"constructor":{"prototype":1}}
function answersWithProto(req, resp) {
  resp.success(JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":1}}'))
}
