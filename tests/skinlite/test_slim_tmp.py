from skinlite.training.runs.find import open_run
def test_a(skinlite, kept_run, tiny_data, tmp_path, conv_net):
    a=skinlite('slim',kept_run.path,'--out',tmp_path/'s','--epochs',4,'--steps',2,'--cycles','0.9','--data',tiny_data)
    print(a); assert a.code==0
    r=open_run(tmp_path/'s'); print(r.info.settings.slimming, [w.shape for w in r.load_model().weights])
