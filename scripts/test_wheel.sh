#!/usr/bin/env bash
# Install the built wheel into an environment of its own, and use it away from the checkout, with no network for models.
#   bash scripts/test_wheel.sh dist
set -euo pipefail
wheel=$(realpath "$1"/marsad-*.whl)
constraints=$(realpath constraints.txt)
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv venv
venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint "$constraints" "$wheel"
export HF_HUB_OFFLINE=1
venv/bin/python - <<'PY'
import marsad

prediction = marsad.predict("قصفت قوات النظام بالمدفعية الثقيلة بلدة كنصفرة جنوبي إدلب")
assert "marsad/models/default" in str(marsad.load().path), marsad.load().path
assert "assad_regime" in [found.label for found in prediction.affiliation], prediction
assert "shelling" in [found.label for found in prediction.event_type], prediction
PY
echo '{"id": "a", "text": "اعتقلت قسد ثلاثة شبان في بلدة البصيرة"}' | venv/bin/marsad predict - > rows.jsonl
venv/bin/python -c 'import json; row = json.load(open("rows.jsonl")); assert row["id"] == "a" and row["event_type"], row'
echo "wheel: predicts from its own environment with the model it ships"
