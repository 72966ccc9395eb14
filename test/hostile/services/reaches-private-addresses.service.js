// Asks for addresses that only the node can reach.
// requires: clearblade,http
// timeout: 20
// ends: success []
function reachesPrivateAddresses(req, resp) {
  var port = req.params.port, answered = []
  ;[
    'http://127.0.0.1:' + port, 'http://localhost:' + port, 'http://[::1]:' + port, 'http://127.1:' + port, 'http://2130706433:' + port,
    'http://0x7f000001:' + port, 'http://0177.0.0.1:' + port, 'http://127.0.0.1.:' + port, 'http://0.0.0.0:' + port, 'http://0:' + port,
    'http://[::]:' + port, 'http://[::ffff:127.0.0.1]:' + port, 'http://[::ffff:7f00:1]:' + port, 'http://[64:ff9b::7f00:1]:' + port,
    'http://a.localhost:' + port, 'http://user@127.0.0.1:' + port, 'http://127.0.0.1:' + port + '#@example.com', 'http://example.com@127.0.0.1:' + port,
    'http://①②⑦.0.0.1:' + port, 'http://127。0。0。1:' + port, 'https://127.0.0.1:' + port,
    'http://10.0.0.1/', 'http://172.16.0.1/', 'http://192.168.0.1/', 'http://100.64.0.1/', 'http://169.254.169.254/latest/meta-data/',
    'http://[fd00:ec2::254]/latest/meta-data/', 'http://metadata.google.internal/', 'http://[fe80::1]/', 'http://[fc00::1]/', 'http://224.0.0.1/', 'http://255.255.255.255/',
    'file:///etc/passwd', 'ftp://127.0.0.1/', 'gopher://127.0.0.1:' + port + '/_x', 'data:text/plain,hello', 'unix:/var/run/docker.sock', 'http+unix://x', '//127.0.0.1:' + port,
  ].forEach(function (uri) {
    Requests().get({ uri: uri, timeout: 2 }, function (err, text) { if (!err || !text) answered.push(uri + ' ' + text) })
  })
  resp.success(answered)
}
