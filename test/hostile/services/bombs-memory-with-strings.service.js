// Doubles a text.
// timeout: 5
// ends: failed more memory|ended with its engine|execution timeout|RangeError
function bombsMemoryWithStrings(req, resp) {
  var texts = []
  for (;;) { var s = 'x'; for (var i = 0; i < 24; i++) s += s; texts.push(s.split('').join('y')) }
}
