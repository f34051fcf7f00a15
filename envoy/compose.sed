# What docker-compose.yml changes in envoy/envoy.yaml, so that there is one configuration and not two:
#
#   sed -f envoy/compose.sed envoy/envoy.yaml
#
# Listen for other containers and for the ports that are published.
s/address: 127\.0\.0\.1, port_value: 10000 /address: 0.0.0.0, port_value: 10000 /
s/address: 127\.0\.0\.1, port_value: 9901 /address: 0.0.0.0, port_value: 9901 /
# Weir is a name that resolves to every replica. Each is an endpoint; they are looked up again every second, so that a
# replica that was replaced is found before the next one stops.
s/address: 127\.0\.0\.1, port_value: 8081 /address: weir, port_value: 8081 /
/^    - name: weir$/a\
      type: STRICT_DNS\
      dns_lookup_family: V4_ONLY\
      dns_refresh_rate: 1s
