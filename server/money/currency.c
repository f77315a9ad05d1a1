#include "server/money/currency.h"

#include <string.h>

#include "schema/base/span.h"

bool currency_find(const char *code, unsigned *places)
{
    static const char whole[] =
        "BIF|CLP|DJF|GNF|ISK|JPY|KMF|KRW|PYG|RWF|UGX|UYI|VND|VUV|XAF|XOF|XPF";
    static const char hundredths[] =
        "AED|AFN|ALL|AMD|ANG|AOA|ARS|AUD|AWG|AZN|BAM|BBD|BDT|BGN|BMD|BND|BOB|BRL|"
        "BSD|BTN|BWP|BYN|BZD|CAD|CDF|CHF|CNY|COP|CRC|CUP|CVE|CZK|DKK|DOP|DZD|EGP|"
        "ERN|ETB|EUR|FJD|FKP|GBP|GEL|GHS|GIP|GMD|GTQ|GYD|HKD|HNL|HTG|HUF|IDR|ILS|"
        "INR|IRR|JMD|KES|KGS|KHR|KPW|KYD|KZT|LAK|LBP|LKR|LRD|LSL|MAD|MDL|MGA|MKD|"
        "MMK|MNT|MOP|MRU|MUR|MVR|MWK|MXN|MYR|MZN|NAD|NGN|NIO|NOK|NPR|NZD|PAB|PEN|"
        "PGK|PHP|PKR|PLN|QAR|RON|RSD|RUB|SAR|SBD|SCR|SDG|SEK|SGD|SHP|SLE|SOS|SRD|"
        "SSP|STN|SVC|SYP|SZL|THB|TJS|TMT|TOP|TRY|TTD|TWD|TZS|UAH|USD|UYU|UZS|VED|"
        "VES|WST|XCD|XCG|YER|ZAR|ZMW|ZWG";
    static const char thousandths[] = "BHD|IQD|JOD|KWD|LYD|OMR|TND";
    static const char finer[] = "CLF|UYW";
    const char *const lists[] = {whole, "", hundredths, thousandths, finer}; /* by places */

    for (unsigned i = 0; i < sizeof lists / sizeof *lists && strlen(code) == 3; i++) {
        if (span_is_choice(span_text(code), lists[i])) {
            *places = i;
            return true;
        }
    }
    return false;
}
