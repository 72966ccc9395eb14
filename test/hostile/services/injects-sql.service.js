// Writes SQL where names and values go.
// requires: clearblade
// timeout: 10
// ends: success []
function injectsSql(req, resp) {
  var got = [], texts = ["' or 1=1 --", '"; drop table accounts; --', "x' union select password_hash from accounts --", 'text" = "text', '*', 'rowid', 'ctid', 'a.b', '$1', '\u0000']
  texts.forEach(function (text) {
    function note(what) { return function (err, data) { if (!err && JSON.stringify(data).indexOf('item_id') >= 0) got.push(what + ' ' + text) } }
    var own = ClearBlade.Collection({ collectionName: 'Own' })
    own.fetch(ClearBlade.Query().equalTo('text', text), note('value'))
    own.fetch(ClearBlade.Query().equalTo(text, 'x'), note('column'))
    own.fetch(ClearBlade.Query().ascending(text), note('sort'))
    own.fetch(ClearBlade.Query().columns([text]), note('select'))
    ClearBlade.Collection({ collectionName: text }).fetch(note('name'))
    ClearBlade.Collection({ collectionID: text }).fetch(note('id'))
  })
  resp.success(got)
}
