// Looks for rows by patterns that take for ever elsewhere.
// requires: clearblade
// timeout: 10
// ends: success "looked"
function searchesWithSlowPatterns(req, resp) {
  ;['(a+)+$', '(a|aa)+$', '(.*a){20}', '^(([a-z])+.)+[A-Z]([a-z])+$'].forEach(function (pattern) {
    ClearBlade.Collection({ collectionName: 'Own' }).fetch(ClearBlade.Query().matches('text', pattern), function () {})
  })
  resp.success('looked')
}
