// Answers again wherever the first answer lets it run on.
// ends: answered {"success":true,"value":1}
// hears: []
function service(req, resp) {
  Promise.resolve().then(function () { resp.error(2); call('late', 1) }).catch(function () { call('late', 2); resp.error(3) })
  new Promise(function () { resp.success(1) }).catch(function () { call('late', 3) })
  call('late', 4)
  eval('try { resp.success(4) } catch (e) { try { call("late", 5) } catch (f) {} try { resp.error(5) } catch (f) {} }')
  for (;;) { try { call('late', 6) } catch (e) { break } }
}
