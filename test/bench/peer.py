"""The strongest peer, on the same case: Hugging Face's AST on PyTorch, attention by sdpa; for features torchaudio. Prints JSON."""
import json, os, resource, sys, time

case = json.loads(sys.argv[1])
threads = case["threads"]
os.environ["OMP_NUM_THREADS"] = str(threads)
import torch

torch.set_num_threads(threads)
torch.manual_seed(0)


def network():
    from transformers import ASTConfig, ASTForAudioClassification

    config = ASTConfig(
        hidden_size=case["width"], num_hidden_layers=12, num_attention_heads=case["heads"], intermediate_size=4 * case["width"],
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, max_length=case["frames"], num_mel_bins=128,
        frequency_stride=10, time_stride=10, num_labels=527, problem_type="multi_label_classification",
    )
    config._attn_implementation = "sdpa"
    return ASTForAudioClassification(config)


def prepare():
    if case["kind"] == "features":
        import torchaudio

        clip = 0.1 * torch.sin(torch.arange(int((case["frames"] + 2) * 160)) ** 1.5)[None]
        return lambda: torchaudio.compliance.kaldi.fbank(
            clip - clip.mean(), htk_compat=True, sample_frequency=16000, use_energy=False, window_type="hanning",
            num_mel_bins=128, dither=0.0, frame_shift=10,
        )
    features = torch.randn(case["batch"], case["frames"], 128)
    model = network()
    if case["kind"] == "infer":
        model.eval()

        def infer():
            with torch.inference_mode():
                model(features)

        return infer
    labels = torch.zeros(case["batch"], 527)
    labels[:, 0] = 1
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.01)

    def step():
        optimizer.zero_grad(set_to_none=True)
        model(features, labels=labels).loss.backward()
        optimizer.step()

    return step


call = prepare()
call()
milliseconds = []
for _ in range(case["turns"]):
    started = time.perf_counter()
    call()
    milliseconds.append(1000 * (time.perf_counter() - started))
name = f"torchaudio on PyTorch {torch.__version__}" if case["kind"] == "features" else f"transformers on PyTorch {torch.__version__}"
print(json.dumps({"name": name, "milliseconds": milliseconds, "peakMb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6}))
