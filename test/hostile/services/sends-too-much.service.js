// A row of 5 MB, a name of 5 MB, and a query as large.
// requires: clearblade
// timeout: 10
// ends: success ["refused","refused","refused"]
function sendsTooMuch(req, resp) {
  var big = new Array(5 * 1024 * 1024).join('x'), got = []
  function tell(err) { got.push(err ? 'refused' : 'taken') }
  ClearBlade.Collection({ collectionName: 'Own' }).create({ text: big }, tell)
  ClearBlade.Collection({ collectionName: big }).fetch(tell)
  ClearBlade.Collection({ collectionName: 'Own' }).fetch(ClearBlade.Query().equalTo('text', big), tell)
  resp.success(got)
}
