// Answers from the deepest frame there is.
// ends: answered {"success":true,"value":"deep"}
function service(req, resp) {
  function down() {
    try { down() } catch (e) { resp.success('deep') }
    down()
  }
  down()
}
