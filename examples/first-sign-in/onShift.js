// The auth service of the first sign-in: the password must be right, and the site must be one of the operator's.
// A rule like "only on shift" goes where the site is checked: new Date().getUTCHours() and so on.
function onShift(req, resp) {
  var sites = ['north', 'south']
  ClearBlade.init({
    systemKey: req.systemKey,
    systemSecret: req.systemSecret,
    email: req.params.email,
    password: req.params.password,
    callback: (err, body) => {
      if (err) {
        resp.error({ options: { reason: 'The e-mail or the password is not right.' } })
      }
      if (req.params.site !== undefined && sites.indexOf(req.params.site) === -1) {
        resp.error({ options: { reason: 'You do not work at ' + req.params.site + '.' } })
      }
      body.options = { site: req.params.site || sites[0] }
      resp.success(body)
    },
  })
}
